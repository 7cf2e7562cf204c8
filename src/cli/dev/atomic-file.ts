/*
 * Replaces a small file in one step: readers see the old content or the new, never half of either, and never nothing.
 * Synchronous, so that the file is true before the caller goes on.
 */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";

export function replaceFile(path: string, text: string, mode = 0o644): void {
  const temporary = `${path}.${process.pid}.tmp`;
  const file = openSync(temporary, "w", mode);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}
