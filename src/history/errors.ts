/*
 * What can go wrong with a history file. A history that cannot be read is never judged: an error here means "no
 * verdict", which is not "no violation".
 */

export type HistoryErrorCode =
  | "HISTORY_BAD_LINE"
  | "HISTORY_CUT_SHORT"
  | "HISTORY_UNREADABLE"
  | "HISTORY_VERSION"
  | "HISTORY_WRITE_FAILED";

export class HistoryError extends Error {
  override readonly name = "HistoryError";
  readonly retryable = false;
  readonly code: HistoryErrorCode;
  /** From 1; 0 where no line is to blame. */
  readonly line: number;

  constructor(code: HistoryErrorCode, line: number, why: string, cause?: unknown) {
    super(line === 0 ? why : `line ${line}: ${why}`, cause === undefined ? undefined : { cause });
    this.code = code;
    this.line = line;
  }
}

export function badLine(line: number, why: string): HistoryError {
  return new HistoryError("HISTORY_BAD_LINE", line, why);
}
