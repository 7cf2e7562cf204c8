/*
 * Writes a history to a file as it happens. Lines are gathered and written in large pieces, so that recording costs a
 * load generator little; at most `bufferCharsMax` characters wait in memory.
 *
 * The writes are synchronous on purpose: a recorder that queued lines behind a slow disk would either grow without bound
 * or lose what it saw. A history is evidence, so a failed write throws at once. The file is complete only when `close`
 * has added the `end` line; without it readers say that it was cut short.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import { invariant } from "../shared/assert.ts";
import { HistoryError } from "./errors.ts";
import { HISTORY_LINE_CHARS_MAX } from "./format.ts";
import type { EndLine, HeaderLine, HistoryLine } from "./format.ts";

const bufferCharsMax = 256 * 1024;

/** Where history lines go: a file, or a list in a test or the simulator. */
export interface HistorySink {
  write(line: HistoryLine): void;
}

export class HistoryWriter implements HistorySink {
  readonly #path: string;
  #file: number | undefined;
  #pending: string[] = [];
  #pendingChars = 0;
  #lines = 0;

  /** Creates `path` (or empties it) and writes the header. */
  constructor(path: string, header: HeaderLine) {
    this.#path = path;
    this.#file = this.#attempt(() => openSync(path, "w"));
    this.write(header);
  }

  write(line: Exclude<HistoryLine, EndLine>): void {
    this.#append(line);
  }

  /** Everything recorded so far is handed to the operating system. */
  flush(): void {
    const file = this.#file;
    invariant(file !== undefined, "a closed history takes no more lines");
    const bytes = Buffer.from(this.#pending.join(""), "utf8");
    this.#pending = [];
    this.#pendingChars = 0;
    this.#attempt(() => writeWhole(file, bytes));
  }

  /** Adds the `end` line; the history is complete. */
  close(): void {
    if (this.#file === undefined) return;
    this.#append({ type: "end", lines: this.#lines });
    this.flush();
    closeSync(this.#file);
    this.#file = undefined;
  }

  #append(line: HistoryLine): void {
    const text = `${JSON.stringify(line)}\n`;
    if (text.length > HISTORY_LINE_CHARS_MAX) {
      throw new HistoryError(
        "HISTORY_WRITE_FAILED",
        this.#lines + 1,
        `a line of ${text.length} characters is too long`,
      );
    }
    this.#pending.push(text);
    this.#pendingChars += text.length;
    this.#lines += 1;
    if (this.#pendingChars >= bufferCharsMax) this.flush();
  }

  #attempt<Result>(step: () => Result): Result {
    try {
      return step();
    } catch (cause) {
      throw new HistoryError("HISTORY_WRITE_FAILED", 0, `cannot write the history ${this.#path}`, cause);
    }
  }
}

function writeWhole(file: number, bytes: Buffer): void {
  let written = 0;
  while (written < bytes.length) written += writeSync(file, bytes, written);
}
