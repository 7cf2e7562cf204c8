/*
 * docs/LIMITS.md has a row `| \`name\` | value | what happens there |` for every constant of src/shared/limits.ts. A constant
 * without a row fails, and so does a row without a constant, a row that says nothing, or one whose value is not the
 * constant's: sizes as `8 MiB`, times as `10 s` or `2500 ms`, counts as `200,000`.
 *
 * The constants are read as text, not imported: an import of all would make every one of them look used (knip).
 */
import { readProjectFile, report } from "./project-files.ts";

const source = "src/shared/limits.ts";
const document = "docs/LIMITS.md";
/** The rows of other places' limits are not this script's: it looks at the section with this heading. */
const section = "## Shared limits";

/** What is wrong with the rows of `markdown` for the constants of `code`; nothing, when all is well. */
export function limitProblems(code: string, markdown: string): string[] {
  const constants = constantsOf(code);
  const rows = rowsOf(markdown);
  if (constants.size === 0) return [`${source}: no constant found`];
  return [
    ...[...constants].flatMap(([name, value]) => constantProblems(name, value, rows)),
    ...[...rows.keys()].filter((name) => !constants.has(name)).map((name) => `${name}: has a row and is no constant`),
  ];
}

/** The value as the document has it. */
export function textOf(name: string, value: number): string {
  if (/Bytes/.test(name)) return sizeText(value);
  if (/Ms(?![a-z])/.test(name)) return value % 1000 === 0 ? `${value / 1000} s` : `${value} ms`;
  return value.toLocaleString("en-US");
}

function sizeText(bytes: number): string {
  const MiB = 1024 * 1024;
  if (bytes % MiB === 0) return `${bytes / MiB} MiB`;
  return bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} bytes`;
}

interface Row {
  readonly value: string;
  readonly meaning: string;
}

function constantProblems(name: string, value: number, rows: ReadonlyMap<string, Row>): string[] {
  const row = rows.get(name);
  if (row === undefined) return [`${name}: ${document} has no row for it`];
  const expected = textOf(name, value);
  return [
    ...(row.value === expected ? [] : [`${name}: is ${expected}, and ${document} says ${row.value}`]),
    ...(row.meaning === "" ? [`${name}: nothing is said of what happens there`] : []),
  ];
}

function rowsOf(markdown: string): Map<string, Row> {
  const from = markdown.indexOf(section);
  const [text = ""] = from < 0 ? [] : markdown.slice(from + section.length).split(/^## /m);
  const rows = [...text.matchAll(/^\|\s*`(\w+)`\s*\|([^|]*)\|([^|]*)\|/gm)];
  return new Map(
    rows.map(([, name = "", value = "", meaning = ""]) => [name, { value: value.trim(), meaning: meaning.trim() }]),
  );
}

/** Exported constants that are a product of numbers and of constants before them. */
function constantsOf(code: string): Map<string, number> {
  const known = new Map<string, number>();
  const exported = new Map<string, number>();
  for (const [, isExported, name = "", product = ""] of code.matchAll(
    /^(export )?const (\w+)(?:: number)? = ([^;]+);/gm,
  )) {
    const value = product
      .split("*")
      .map((factor) => factor.trim())
      .reduce((sofar, factor) => sofar * (known.get(factor) ?? Number(factor.replaceAll("_", ""))), 1);
    known.set(name, value);
    if (isExported !== undefined) exported.set(name, value);
  }
  return exported;
}

if (import.meta.main) report(document, limitProblems(readProjectFile(source), readProjectFile(document)));
