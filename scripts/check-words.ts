/*
 * Nothing in the project may depend on, or tell of, the machine that it was written on: no absolute paths of somebody's
 * home or workspace, no temporary directory by name (tests ask the operating system for one, or may name it), and no
 * package source other than the public registry.
 */
import { projectFiles, readProjectFile, report } from "./project-files.ts";

interface ForbiddenWord {
  readonly pattern: RegExp;
  readonly why: string;
  readonly allowedInTests: boolean;
}

// In pieces, so that this file does not mention what it forbids.
const topDirectories = ["work", "root", "home", "Users", "farm"].join("|");

const forbidden: readonly ForbiddenWord[] = [
  {
    pattern: new RegExp(String.raw`(?<![\w.~)}*/-])/(?:${topDirectories})(?![\w-])(?:/|$|(?=[\s"'\x60,;:)]))`),
    why: "a path of one machine",
    allowedInTests: false,
  },
  {
    pattern: new RegExp(String.raw`(?<![\w.~)}*/-])/${"tmp"}(?![\w-])`),
    why: "a fixed temporary path",
    allowedInTests: true,
  },
  {
    pattern: /^\s*"resolved": "(?!https:\/\/registry\.npmjs\.org\/)/,
    why: "a package source that is not the public registry",
    allowedInTests: false,
  },
];

/** What `text`, the content of `file`, says that it should not; one line for each offending line. */
export function wordProblems(file: string, text: string): string[] {
  if (text.includes("\0")) return [];
  const isTest = file.startsWith("test/") || file.endsWith(".test.ts");
  const words = forbidden.filter((word) => !(isTest && word.allowedInTests));
  return text.split("\n").flatMap((line, index) => {
    const word = words.find(({ pattern }) => pattern.test(line));
    return word === undefined ? [] : [`${file}:${index + 1}: ${word.why}: ${line.trim().slice(0, 120)}`];
  });
}

if (import.meta.main) {
  const files = projectFiles();
  report(
    `words in ${files.length} files`,
    files.flatMap((file) => wordProblems(file, readProjectFile(file))),
  );
}
