import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HistoryLine } from "../history/format.ts";
import { runCheck } from "./main.ts";
import { HistoryBuilder } from "./testing/history-builder.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "cops-check-"));
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

function judge(lines: readonly HistoryLine[], json = false): { code: number; output: string } {
  const file = join(directory, "history.jsonl");
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  const printed: string[] = [];
  const code = runCheck({ file, json }, (line) => printed.push(line));
  return { code, output: printed.join("\n") };
}

function withEnd(history: HistoryBuilder): HistoryLine[] {
  return [...history.lines, { type: "end", lines: history.lines.length }];
}

describe("cops check", () => {
  it("exits 0 on a history that passes, and says that convergence was judged or not", () => {
    const history = new HistoryBuilder().session("alice", 0);
    const x1 = history.write("alice", "x", "x1");
    const unjudged = judge(withEnd(history));
    expect(unjudged.code).toBe(0);
    expect(unjudged.output).toMatch(/Convergence was not judged/);
    const judged = judge(withEnd(history.finals(x1)));
    expect(judged.code).toBe(0);
    expect(judged.output).not.toMatch(/Convergence/);
    expect(judged.output).toMatch(/PASS/);
  });

  it("exits 1 on a violation and tells its story", () => {
    const history = new HistoryBuilder().session("alice", 0);
    history.write("alice", "x", "x1");
    history.attach("alice", 1).readNever("alice", "x");
    const { code, output } = judge(withEnd(history));
    expect(code).toBe(1);
    expect(output).toMatch(/^1\) read-your-writes: session alice in nyc read "x" as never written/);
    expect(output).toMatch(/FAIL/);
  });

  it("prints one JSON object where asked", () => {
    const { code, output } = judge(withEnd(new HistoryBuilder().session("alice", 0).finals()), true);
    expect(code).toBe(0);
    expect(JSON.parse(output)).toMatchObject({ verdict: "pass", convergenceJudged: true, violations: [] });
  });

  it("exits 2 without a verdict on a history that is cut short or cannot be read", () => {
    expect(judge(new HistoryBuilder().lines)).toEqual({
      code: 2,
      output: "No verdict: line 1: the history ends here without an end line (HISTORY_CUT_SHORT)",
    });
    expect(runCheck({ file: join(directory, "missing") }, () => undefined)).toBe(2);
  });
});
