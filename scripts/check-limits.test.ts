import { describe, expect, it } from "vitest";
import { limitProblems, textOf } from "./check-limits.ts";

const code = [
  "const KiB = 1024;",
  "const MiB = 1024 * KiB;",
  "export const windowBytes = 8 * MiB;",
  "export const retryMsMax = 60_000;",
  "export const writesMax: number = 200_000;",
].join("\n");

const rows = [
  "| `windowBytes` | 8 MiB | sending waits |",
  "| `retryMsMax` | 60 s | no longer pause |",
  "| `writesMax` | 200,000 | dropped |",
];

function problemsOf(...lines: readonly string[]): string[] {
  return limitProblems(
    code,
    ["# Limits", "| `other` | 1 | x |", "## Shared limits", ...lines, "## More", "| `z` | 2 | y |"].join("\n"),
  );
}

describe("the table of limits", () => {
  it("passes when every constant has its row", () => {
    expect(problemsOf(...rows)).toEqual([]);
  });

  it.each([
    ["a constant without a row", rows.slice(1), "windowBytes: docs/LIMITS.md has no row for it"],
    ["a row without a constant", [...rows, "| `gone` | 1 | x |"], "gone: has a row and is no constant"],
    ["another value", [...rows.slice(1), "| `windowBytes` | 9 MiB | x |"], "windowBytes: is 8 MiB"],
    ["a row that says nothing", [...rows.slice(1), "| `windowBytes` | 8 MiB | |"], "windowBytes: nothing is said"],
  ])("fails on %s", (_name, lines, problem) => {
    expect(problemsOf(...lines).join("\n")).toContain(problem);
  });

  it("fails where no constant is found", () => {
    expect(limitProblems("", rows.join("\n"))).toEqual(["src/shared/limits.ts: no constant found"]);
  });
});

describe("a limit's value in words", () => {
  it.each([
    ["keyBytesMax", 65_536, "64 KiB"],
    ["cacheBytesDefault", 512 * 1024 * 1024, "512 MiB"],
    ["oddBytes", 1000, "1000 bytes"],
    ["skewMs", 60_000, "60 s"],
    ["shipRetryMsMin", 2_500, "2500 ms"],
    ["nodesMax", 200_000, "200,000"],
  ])("%s: %i is %s", (name, value, text) => {
    expect(textOf(name, value)).toBe(text);
  });
});
