/*
 * A connection that carries lines in both directions. A line longer than `lineBytesMax` ends it.
 */
import type { Socket } from "node:net";
import { TextSocket } from "./text-socket.ts";

/** A value of the greatest size in base64, with room for what stands around it. */
const lineBytesMax = 48 * 1024 * 1024;

export class LineSocket extends TextSocket {
  onLine: (line: string) => void = () => undefined;
  private rest = "";

  constructor(socket: Socket) {
    super(socket);
    this.onText = (chunk) => this.take(chunk);
  }

  send(line: string): boolean {
    return this.write(`${line}\n`);
  }

  private take(chunk: string): void {
    let from = 0;
    for (let at = chunk.indexOf("\n"); at >= 0 && this.isOpen; at = chunk.indexOf("\n", from)) {
      const line = this.rest + chunk.slice(from, at);
      this.rest = "";
      from = at + 1;
      this.onLine(line.endsWith("\r") ? line.slice(0, -1) : line);
    }
    this.rest += chunk.slice(from);
    if (this.rest.length > lineBytesMax) this.close(`a line is longer than ${lineBytesMax} bytes`);
  }
}

/** A line as the seed reads it: words with single spaces between them. */
export function wordsOf(line: string): string[] {
  const trimmed = line.trim();
  return trimmed === "" ? [] : trimmed.split(/\s+/);
}
