import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCops } from "./testing/run-cops.ts";
import type { CopsOutcome } from "./testing/run-cops.ts";
import { HistoryBuilder } from "../history/check/testing/history-builder.ts";
import type { HistoryLine } from "../history/format.ts";

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "cops-check-"));
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

function judge(lines: readonly HistoryLine[], ...flags: string[]): Promise<CopsOutcome> {
  const file = join(directory, "history.jsonl");
  writeFileSync(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  return runCops(["check", file, ...flags]);
}

function withEnd(history: HistoryBuilder): HistoryLine[] {
  return [...history.lines, { type: "end", lines: history.lines.length }];
}

describe("cops check", () => {
  it("ends with 0 on a history that passes, and says whether convergence was judged", async () => {
    const history = new HistoryBuilder().session("alice", 0);
    const x1 = history.write("alice", "x", "x1");
    const unjudged = await judge(withEnd(history));
    expect(unjudged).toMatchObject({ code: 0, errors: "" });
    expect(unjudged.output).toMatch(/Convergence was not judged/);
    const judged = await judge(withEnd(history.finals(x1)));
    expect(judged.code).toBe(0);
    expect(judged.output).not.toMatch(/Convergence/);
    expect(judged.output).toMatch(/PASS/);
  });

  it("ends with 1 on a violation and tells its story", async () => {
    const history = new HistoryBuilder().session("alice", 0);
    history.write("alice", "x", "x1");
    history.attach("alice", 1).readNever("alice", "x");
    const { code, output } = await judge(withEnd(history));
    expect(code).toBe(1);
    expect(output).toMatch(/^1\) read-your-writes: session alice in nyc read "x" as never written/);
    expect(output).toMatch(/FAIL/);
  });

  it("prints one JSON object where asked, with or without a verdict", async () => {
    const passed = await judge(withEnd(new HistoryBuilder().session("alice", 0).finals()), "--json");
    expect(passed.code).toBe(0);
    expect(JSON.parse(passed.output)).toMatchObject({ verdict: "pass", convergenceJudged: true, violations: [] });
    const none = await judge(new HistoryBuilder().lines, "--json");
    expect(none.code).toBe(2);
    expect(JSON.parse(none.output)).toMatchObject({ verdict: "none", code: "HISTORY_CUT_SHORT", line: 1 });
  });

  it("ends with 2 and no verdict on a history that is cut short or cannot be read", async () => {
    expect(await judge(new HistoryBuilder().lines)).toEqual({
      code: 2,
      output: "",
      errors: "cops: no verdict: HISTORY_CUT_SHORT line 1: the history ends here without an end line\n",
    });
  });

  it("says why a history cannot be read", async () => {
    const missing = join(directory, "missing");
    expect(await runCops(["check", missing])).toEqual({
      code: 2,
      output: "",
      errors: `cops: no verdict: HISTORY_UNREADABLE cannot read ${missing}: no such file\n`,
    });
    expect((await runCops(["check", directory])).errors).toMatch(/is a directory/);
  });
});
