/*
 * Reads a history file line by line; memory is bounded by one chunk and one line, whatever the size of the file.
 *
 * Every line is checked as it comes, the line numbers of errors are those of the file, and a file without its `end` line
 * is refused: its last operations are missing, so a judge would take what they wrote for values out of thin air.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { HistoryError, badLine } from "./errors.ts";
import { HISTORY_LINE_CHARS_MAX } from "./format.ts";
import type { HistoryLine } from "./format.ts";
import { parseHistoryLine } from "./parse-line.ts";

const chunkBytes = 1024 * 1024;

/** The checked lines of the file, in order. Throws HistoryError. */
export function* readHistoryFile(path: string): Generator<HistoryLine, void, undefined> {
  let line = 0;
  let ended = false;
  for (const text of textLines(path)) {
    line += 1;
    if (ended) throw badLine(line, "nothing may follow the end line");
    const parsed = parseHistoryLine(text, line);
    if (parsed.type === "end") {
      if (parsed.lines !== line - 1) throw badLine(line, `${parsed.lines} lines were written, ${line - 1} are here`);
      ended = true;
    }
    yield parsed;
  }
  if (!ended) throw new HistoryError("HISTORY_CUT_SHORT", line, "the history ends here without an end line");
}

function* textLines(path: string): Generator<string, void, undefined> {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  let count = 0;
  for (const chunk of chunks(path)) {
    const pieces = (rest + decoder.write(chunk)).split("\n");
    rest = pieces.pop() ?? "";
    for (const piece of pieces) yield piece;
    count += pieces.length;
    if (rest.length > HISTORY_LINE_CHARS_MAX) {
      throw badLine(count + 1, `longer than ${HISTORY_LINE_CHARS_MAX} characters`);
    }
  }
  rest += decoder.end();
  if (rest !== "") throw new HistoryError("HISTORY_CUT_SHORT", count + 1, "cut in the middle of a line");
}

/** The same buffer each time; it is valid until the next chunk is asked for. */
function* chunks(path: string): Generator<Buffer, void, undefined> {
  const buffer = Buffer.allocUnsafeSlow(chunkBytes);
  const file = attempt(path, () => openSync(path, "r"));
  try {
    for (;;) {
      const length = attempt(path, () => readSync(file, buffer));
      if (length === 0) return;
      yield buffer.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}

function attempt<Result>(path: string, step: () => Result): Result {
  try {
    return step();
  } catch (cause) {
    throw new HistoryError("HISTORY_UNREADABLE", 0, `cannot read ${path}: ${reasonOf(cause)}`, cause);
  }
}

/** The usual mistakes in words; anything else by the system's code. */
function reasonOf(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
  const words: Readonly<Record<string, string>> = {
    ENOENT: "no such file",
    EISDIR: "it is a directory",
    EACCES: "permission denied",
  };
  return words[code] ?? code;
}
