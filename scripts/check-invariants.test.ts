import { describe, expect, it } from "vitest";
import { invariantProblems, type Project } from "./check-invariants.ts";

const files = new Map([
  ["src/core/gate.ts", "export const gate = 1;"],
  ["src/core/gate.test.ts", `it("holds a write back", () => undefined);`],
]);

const project: Project = {
  exists: (path) => files.has(path),
  read: (path) => files.get(path) ?? "",
};

const head = "| number | invariant | enforced at | checked by |\n| --- | --- | --- | --- |\n";
const sound = "| 1 | Causal cut | `src/core/gate.ts` | `src/core/gate.test.ts › holds a write back` |\n";

function problemsOf(rows: string): string[] {
  return invariantProblems(head + rows, project);
}

describe("the table of invariants", () => {
  it("passes when every invariant has a place and a check", () => {
    expect(problemsOf(sound)).toEqual([]);
  });

  it("passes when a number is kept for a later protocol", () => {
    const later = "\n## To come with later protocols\n\n2. Snapshots\n\n## More\n\n4. Not a number of these\n";
    expect(problemsOf(sound + sound.replace("1", "3") + later)).toEqual([]);
  });

  it.each([
    [
      "a number that is there and to come",
      `${sound}\n## To come with later protocols\n\n1. x\n`,
      "1: more than one row",
    ],
    ["an empty table", "", "no row"],
    ["a gap in the numbers", sound + sound.replace("1", "3"), "2: no such row"],
    ["a number used twice", sound + sound, "1: more than one row"],
    ["no check", "| 1 | x | `src/core/gate.ts` | later |", "1: names no check"],
    ["no enforcement", "| 1 | x | somewhere | `src/core/gate.test.ts` |", "1: names no place"],
    ["a lost place", sound.replace("gate.ts`", "gone.ts`"), "1: enforced at src/core/gone.ts"],
    ["a lost test file", sound.replace("gate.test", "gone.test"), "1: checked by src/core/gone.test.ts"],
    ["a lost test", sound.replace("holds a", "lets a"), `has no test "lets a write back"`],
    ["a check that is no test", "| 1 | x | `src/core/gate.ts` | `src/core/gate.ts` |", "which is no test file"],
  ])("fails on %s", (_name, rows, problem) => {
    expect(problemsOf(rows).join("\n")).toContain(problem);
  });
});
