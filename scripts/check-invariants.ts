/*
 * docs/INVARIANTS.md numbers what must always hold, in tables `| number | invariant | enforced at | checked by |`. Paths
 * stand in backticks; a check is a test file, with the title of one of its tests where that helps:
 * `src/core/gate.test.ts › holds a write back`. An invariant without an enforcement or without a check fails, and so
 * does a path or a title that is not there, or a number that is missing or used twice.
 *
 * Numbers are for good, so those of invariants whose protocol is not there yet are kept free: a section "To come with later
 * protocols" lists them as `9. what will hold`, and a number is in the table or in that list.
 */
import { existsInProject, readProjectFile, report } from "./project-files.ts";

const document = "docs/INVARIANTS.md";
const laterHeading = /^## To come with later protocols$/m;

/** How the checks look at the project; the tests put another one in its place. */
export interface Project {
  exists(path: string): boolean;
  read(path: string): string;
}

interface Row {
  readonly number: number;
  readonly invariant: string;
  readonly enforcedAt: readonly string[];
  readonly checkedBy: readonly string[];
}

/** What is wrong with the invariants of `markdown`; nothing, when all is well. */
export function invariantProblems(markdown: string, project: Project): string[] {
  const rows = rowsOf(markdown);
  if (rows.length === 0) return ["no row of the form | number | invariant | enforced at | checked by |"];
  return [...numberProblems(rows, laterNumbers(markdown)), ...rows.flatMap((row) => rowProblems(row, project))];
}

function laterNumbers(markdown: string): number[] {
  const [, text = ""] = markdown.split(laterHeading);
  const [list = ""] = text.split(/^## /m);
  return [...list.matchAll(/^(\d+)\. \S/gm)].map(([, number]) => Number(number));
}

function rowsOf(markdown: string): Row[] {
  return markdown.split("\n").flatMap((line) => {
    const cells = line.split(/(?<!\\)\|/).map((cell) => cell.trim());
    const [before, number = "", invariant = "", enforcedAt = "", checkedBy = ""] = cells;
    if (before !== "" || !/^\d+$/.test(number)) return [];
    return [{ number: Number(number), invariant, enforcedAt: quoted(enforcedAt), checkedBy: quoted(checkedBy) }];
  });
}

function quoted(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? "");
}

function numberProblems(rows: readonly Row[], later: readonly number[]): string[] {
  const numbers = [...rows.map((row) => row.number), ...later];
  const expected = Array.from({ length: Math.max(...numbers) }, (_, index) => index + 1);
  const missing = expected.filter((number) => !numbers.includes(number)).map((number) => `${number}: no such row`);
  const repeated = numbers.filter((number, index) => numbers.indexOf(number) !== index);
  return [...missing, ...repeated.map((number) => `${number}: more than one row`)];
}

function rowProblems(row: Row, project: Project): string[] {
  const problems = [
    ...(row.invariant === "" ? ["says nothing"] : []),
    ...(row.enforcedAt.length === 0 ? ["names no place that enforces it"] : []),
    ...row.enforcedAt.filter((path) => !project.exists(path)).map((path) => `enforced at ${path}, which is not there`),
    ...(row.checkedBy.length === 0 ? ["names no check"] : []),
    ...row.checkedBy.flatMap((check) => checkProblems(check, project)),
  ];
  return problems.map((problem) => `${row.number}: ${problem}`);
}

function checkProblems(check: string, project: Project): string[] {
  const [path = "", title] = check.split(" › ");
  if (!path.endsWith(".test.ts")) return [`checked by ${path}, which is no test file`];
  if (!project.exists(path)) return [`checked by ${path}, which is not there`];
  if (title !== undefined && !project.read(path).includes(title)) return [`${path} has no test "${title}"`];
  return [];
}

if (import.meta.main) {
  const project: Project = { exists: existsInProject, read: readProjectFile };
  const problems = project.exists(document)
    ? invariantProblems(project.read(document), project)
    : [`${document} is not there`];
  report(document, problems);
}
