/*
 * The running cluster in a terminal: one block of text that is drawn again in place. Cut to the height and width of the
 * terminal, since what has scrolled away cannot be drawn again.
 */
import type { WriteStream } from "node:tty";

const ERASE_BELOW = "\x1b[J";

export class LiveDisplay {
  readonly #terminal: WriteStream;
  #lines = 0;

  constructor(terminal: WriteStream) {
    this.#terminal = terminal;
  }

  draw(text: string): void {
    const { rows, columns } = this.#terminal;
    const lines = text.split("\n").slice(0, Math.max(1, rows - 1));
    const cut = lines.map((line) => line.slice(0, columns));
    this.#terminal.write(`${this.#toTop()}${ERASE_BELOW}${cut.join("\n")}\n`);
    this.#lines = cut.length;
  }

  /** Prints a line that stays, above the block. */
  print(line: string): void {
    this.#terminal.write(`${this.#toTop()}${ERASE_BELOW}${line}\n`);
    this.#lines = 0;
  }

  #toTop(): string {
    return this.#lines === 0 ? "" : `\x1b[${this.#lines}A\r`;
  }
}
