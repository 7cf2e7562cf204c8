import { describe, expect, it } from "vitest";
import { wordProblems } from "./check-words.ts";

/** Puts the path together here, so that this file does not mention it. */
function absolute(...parts: string[]): string {
  return ["", ...parts].join("/");
}

describe("the words of a file", () => {
  it.each([
    ["a home", `cd ${absolute("home", "me", "x")}`],
    ["the home of root", `"${absolute("root", ".npmrc")}"`],
    ["a workspace", `see ${absolute("work", "main")}`],
    ["a workspace at the end of a line", `cd ${absolute("work")}`],
  ])("may not name %s", (_name, text) => {
    expect(wordProblems("docs/README.md", text)).toHaveLength(1);
    expect(wordProblems("src/core/a.test.ts", text)).toHaveLength(1);
  });

  it("may name the temporary directory in tests alone", () => {
    const text = `mkdir ${absolute("tmp", "x")}`;
    expect(wordProblems("src/core/a.ts", text)).toHaveLength(1);
    expect(wordProblems("src/core/a.test.ts", text)).toEqual([]);
    expect(wordProblems("test/chaos/a.ts", text)).toEqual([]);
  });

  it("may name a package source only of the public registry", () => {
    expect(wordProblems("package-lock.json", `"resolved": "http://localhost/a.tgz"`)).toHaveLength(1);
    expect(wordProblems("package-lock.json", `"resolved": "https://registry.npmjs.org/a.tgz"`)).toEqual([]);
  });

  it.each(["https://example.org/home/", "src/work/item.ts", "./root/x", "and/or work/life", "/homework/"])(
    "may hold %s",
    (text) => {
      expect(wordProblems("docs/README.md", text)).toEqual([]);
    },
  );

  it("are not looked for in binary files", () => {
    expect(wordProblems("a.png", `\0${absolute("home", "me")}`)).toEqual([]);
  });
});
