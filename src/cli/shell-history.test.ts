import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HISTORY_LINES_MAX, historyPath, readHistory, writeHistory } from "./shell-history.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cops-history-"));
});

afterEach(() => rmSync(directory, { recursive: true }));

describe("the history of the shell", () => {
  it("is there the next time, newest first", () => {
    const path = join(directory, "below", "history");
    expect(readHistory(path)).toEqual([]);
    writeHistory(path, ["get b", "set b 1"]);
    expect(readHistory(path)).toEqual(["get b", "set b 1"]);
    expect(readFileSync(path, "utf8")).toBe("set b 1\nget b\n");
  });

  it("is for its owner alone and keeps no passwords", () => {
    const path = join(directory, "history");
    writeHistory(path, ["get a", " AUTH hush", "hello 3 auth u hush", "config  set requirepass hush"]);
    expect(readHistory(path)).toEqual(["get a"]);
    expect(statSync(path).mode & 0o077).toBe(0);
  });

  it("is bounded", () => {
    const path = join(directory, "history");
    const lines = Array.from({ length: HISTORY_LINES_MAX + 5 }, (_, i) => `get ${i}`);
    writeHistory(path, lines);
    expect(readHistory(path)).toEqual(lines.slice(0, HISTORY_LINES_MAX));
  });

  it("is where the environment says", () => {
    expect(historyPath({ COPS_HISTORY: "here" })).toBe("here");
    expect(historyPath({})).toMatch(/\.cops_history$/);
  });
});
