/*
 * What a node prints, kept in a file of bounded size: when it is full it becomes `.1` (and the one before goes), so a
 * node that runs for a year takes two files' worth of disk. The last lines stay in memory, to say why a start failed.
 *
 * A full disk takes the output and not the supervisor: what cannot be written is counted and dropped.
 */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from "node:fs";

const FILE_BYTES_MAX = 16 * 1024 * 1024;
const TAIL_CHARACTERS_MAX = 4096;

export class NodeOutput {
  readonly path: string;
  droppedBytes = 0;
  readonly #fileBytesMax: number;
  #file: number;
  #bytes: number;
  #tail = "";
  #isClosed = false;

  constructor(path: string, fileBytesMax: number = FILE_BYTES_MAX) {
    this.path = path;
    this.#fileBytesMax = fileBytesMax;
    this.#file = openSync(path, "a");
    this.#bytes = fstatSync(this.#file).size;
  }

  write(chunk: Uint8Array): void {
    this.#tail = (this.#tail + Buffer.from(chunk).toString("utf8")).slice(-TAIL_CHARACTERS_MAX);
    if (this.#isClosed) {
      this.droppedBytes += chunk.length;
      return;
    }
    try {
      if (this.#bytes > 0 && this.#bytes + chunk.length > this.#fileBytesMax) this.#rotate();
      writeSync(this.#file, chunk);
      this.#bytes += chunk.length;
    } catch (error) {
      if (!isDiskError(error)) throw error;
      this.droppedBytes += chunk.length;
    }
  }

  /** The last lines since the last start. */
  tail(lines: number): string {
    return this.#tail.trimEnd().split("\n").slice(-lines).join("\n");
  }

  /** A new process writes from here. */
  forgetTail(): void {
    this.#tail = "";
  }

  /** What a process printed last may still come after its end was told: it is dropped, not written to a file that is closed. */
  close(): void {
    this.#isClosed = true;
    closeSync(this.#file);
  }

  #rotate(): void {
    renameSync(this.path, `${this.path}.1`);
    const next = openSync(this.path, "a");
    closeSync(this.#file);
    this.#file = next;
    this.#bytes = 0;
  }
}

function isDiskError(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EIO", "EMFILE", "ENFILE", "EROFS"].includes((error as NodeJS.ErrnoException).code ?? "");
}
