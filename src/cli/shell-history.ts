/*
 * The lines that were typed into the shell, kept for the next one: newest first, as node:readline wants them. Lines that
 * hold a password are not kept.
 */
import { mkdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { replaceFile } from "./dev/atomic-file.ts";

export const HISTORY_LINES_MAX = 1000;

export function historyPath(environment: NodeJS.ProcessEnv): string {
  return environment["COPS_HISTORY"] ?? join(homedir(), ".cops_history");
}

export function readHistory(path: string): string[] {
  try {
    const lines = readFileSync(path, "utf8").split("\n");
    return lines
      .filter((line) => line !== "")
      .slice(-HISTORY_LINES_MAX)
      .toReversed();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

/** `lines` are newest first. */
export function writeHistory(path: string, lines: readonly string[]): void {
  const kept = lines.filter((line) => !/^\s*(auth|hello|config\s+set)\b/i.test(line)).slice(0, HISTORY_LINES_MAX);
  mkdirSync(dirname(path), { recursive: true });
  replaceFile(path, `${kept.toReversed().join("\n")}\n`, 0o600);
}
