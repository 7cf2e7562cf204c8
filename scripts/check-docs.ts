/*
 * Documents rot by pointing at what has moved. In every Markdown file each relative link has to lead to a file, each
 * `#anchor` to a heading of it, and each path in backticks that begins with src/, scripts/, docs/ or test/ has to exist.
 * Fenced blocks are left alone, and so are patterns (`src/lab/**`) and links to the outside, which need a network.
 */
import { posix } from "node:path";
import { existsInProject, projectFiles, readProjectFile, report } from "./project-files.ts";

const outside = /^[a-z][a-z0-9+.-]*:/i;

export interface Documents {
  exists(path: string): boolean;
  read(path: string): string;
}

/** What is wrong with the Markdown file `file` (a path from the root of the project). */
export function docProblems(file: string, documents: Documents): string[] {
  const text = withoutFences(documents.read(file));
  return [...linkProblems(file, text, documents), ...pathProblems(text, documents)].map((what) => `${file}: ${what}`);
}

function withoutFences(markdown: string): string {
  return markdown.replace(/^(\s*)(`{3,}|~{3,})[\s\S]*?^\s*\2/gm, "");
}

function linkProblems(file: string, text: string, documents: Documents): string[] {
  const prose = text.replace(/`[^`\n]*`/g, "");
  const inline = [...prose.matchAll(/\]\(\s*<?([^)\s>]+)/g)];
  const reference = [...prose.matchAll(/^\[[^\]]+\]:\s*<?([^\s>]+)/gm)];
  const targets = [...inline, ...reference].map((match) => match[1] ?? "").filter((target) => !outside.test(target));
  return targets.flatMap((target) => {
    const [path = "", anchor] = target.split("#");
    const full = path === "" ? file : posix.join(posix.dirname(file), decodeURIComponent(path));
    if (!documents.exists(full)) return [`the link to ${target} leads nowhere`];
    if (anchor === undefined || !full.endsWith(".md")) return [];
    return anchorsOf(documents.read(full)).includes(anchor) ? [] : [`the link to ${target} has no such heading`];
  });
}

function pathProblems(text: string, documents: Documents): string[] {
  const quoted = [...text.matchAll(/`((?:src|scripts|docs|test)\/[^`\n]*)`/g)].map((match) => match[1] ?? "");
  const paths = quoted.map((span) => (span.split(/[\s#]/)[0] ?? "").replace(/:\d+$/, ""));
  const plain = paths.filter((path) => !/[*{}<>…]/.test(path));
  return plain.filter((path) => !documents.exists(path)).map((path) => `\`${path}\` is not there`);
}

/** The anchors that GitHub makes of the headings. */
function anchorsOf(markdown: string): string[] {
  const headings = [...withoutFences(markdown).matchAll(/^#{1,6}\s+(.+?)\s*#*$/gm)].map((match) => match[1] ?? "");
  const seen = new Map<string, number>();
  return headings.map((heading) => {
    const slug = heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, "")
      .replaceAll(" ", "-");
    const count = seen.get(slug) ?? 0;
    seen.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
}

if (import.meta.main) {
  const files = projectFiles().filter((file) => file.endsWith(".md"));
  const documents: Documents = { exists: existsInProject, read: readProjectFile };
  report(
    `links and paths in ${files.length} documents`,
    files.flatMap((file) => docProblems(file, documents)),
  );
}
