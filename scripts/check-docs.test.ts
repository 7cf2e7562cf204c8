import { describe, expect, it } from "vitest";
import { docProblems, type Documents } from "./check-docs.ts";

function problemsOf(text: string): string[] {
  const files = new Map([
    ["docs/README.md", text],
    ["docs/OTHER.md", "# Other things\n\n## What it's for (and not)\n\n## Twice\n\n## Twice\n"],
    ["src/core/clock.ts", ""],
  ]);
  const documents: Documents = { exists: (path) => files.has(path), read: (path) => files.get(path) ?? "" };
  return docProblems("docs/README.md", documents);
}

describe("a document", () => {
  it.each([
    ["a link to a file", "[a](OTHER.md) and [b](../src/core/clock.ts)"],
    ["a link to a heading", "[a](OTHER.md#what-its-for-and-not), [b](OTHER.md#twice-1)"],
    ["a link to a heading of its own", "# Here\n\n[a](#here)"],
    ["a link to the outside", "[a](https://example.org/x) <mailto:a@example.org>"],
    ["a path that exists", "`src/core/clock.ts`, `src/core/clock.ts:12`, `src/core/clock.ts › a title`"],
    ["a pattern", "`src/**/*.test.ts`, `src/lab/<name>/main.ts`"],
    ["what stands in a fence", "```\n[a](nowhere.md)\n```\n"],
    ["what stands in backticks and looks like a link", "`[a](nowhere.md)`"],
  ])("may hold %s", (_name, text) => {
    expect(problemsOf(text)).toEqual([]);
  });

  it.each([
    ["a link to nowhere", "[a](GONE.md)", "GONE.md leads nowhere"],
    ["a reference to nowhere", "[a]: GONE.md", "GONE.md leads nowhere"],
    ["a link to a lost heading", "[a](OTHER.md#gone)", "OTHER.md#gone has no such heading"],
    ["a path that is not there", "`src/core/gone.ts`", "`src/core/gone.ts` is not there"],
  ])("may not hold %s", (_name, text, problem) => {
    expect(problemsOf(text).join("\n")).toContain(problem);
  });
});
