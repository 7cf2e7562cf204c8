/*
 * Imports point one way (docs/ARCHITECTURE.md): `shared <- protocol <- core <- storage, net, control <- server, client
 * <- cli`, `protocol <- history <- cli`, and `lab` may import all of them. Rooms side by side do not import each other. `shared`, `protocol` and
 * `core` do no I/O: they import no `node:` module and no package.
 *
 * Tests and what only they use (`testing/`) are left out on purpose: a test of the core may well drive it through a memory
 * adapter. But nothing of the product may import from `testing/`.
 */
import { posix } from "node:path";
import { projectFiles, readProjectFile, report } from "./project-files.ts";

const pure = ["shared", "protocol", "core"];
const ports = ["storage", "net", "control"];
const edges = ["server", "client"];

/** What each room may import beside itself. */
const mayImport: ReadonlyMap<string, readonly string[]> = new Map([
  ["shared", []],
  ["protocol", ["shared"]],
  ["core", ["shared", "protocol"]],
  ...ports.map((room) => [room, pure] as const),
  ...edges.map((room) => [room, [...pure, ...ports]] as const),
  // What clients saw is judged from the outside: by nothing that a node is made of.
  ["history", ["shared", "protocol"]],
  ["cli", [...pure, ...ports, ...edges, "history"]],
  ["lab", [...pure, ...ports, ...edges, "history", "cli"]],
]);

const specifierPatterns = [
  /^\s*(?:import|export)\b[^"';]*?\bfrom\s*["']([^"']+)["']/gm,
  /^\s*import\s*["']([^"']+)["']/gm,
  /\bimport\(\s*["']([^"']+)["']/g,
];

/** The module specifiers that a source names, in no particular order. */
export function importsOf(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  return specifierPatterns.flatMap((pattern) => [...code.matchAll(pattern)].map((match) => match[1] ?? ""));
}

/** Why `file` may not import `specifier`; undefined when it may. Paths are from the root, as in `src/core/clock.ts`. */
export function offence(file: string, specifier: string): string | undefined {
  const room = roomOf(file);
  const allowed = mayImport.get(room);
  if (allowed === undefined) return `"${room}" is no room of the house`;
  if (!specifier.startsWith(".")) {
    return pure.includes(room) ? `${room} imports no package and no node: module` : undefined;
  }
  const target = posix.join(posix.dirname(file), specifier);
  if (room !== "lab" && target.includes("/testing/")) return "what only tests use is not for the product";
  if (!target.startsWith("src/")) return pure.includes(room) ? `${room} imports nothing outside src` : undefined;
  const targetRoom = roomOf(target);
  if (targetRoom === room || allowed.includes(targetRoom)) return undefined;
  return `${room} may import ${allowed.length === 0 ? "nothing" : allowed.join(", ")}`;
}

/** `core` for `src/core/clock.ts`; a file straight under `src` is its own room, which none allows. */
function roomOf(file: string): string {
  return file.split("/")[1] ?? "";
}

/** Product code, as against tests and what only tests use. */
export function isProduct(file: string): boolean {
  return /^src\/.*(?<!\.test)\.ts$/.test(file) && !/\/testing\/|conformance/.test(file);
}

if (import.meta.main) {
  const sources = projectFiles().filter((file) => isProduct(file));
  const problems = sources.flatMap((file) =>
    importsOf(readProjectFile(file)).flatMap((specifier) => {
      const why = offence(file, specifier);
      return why === undefined ? [] : [`${file} -> ${specifier}: ${why}`];
    }),
  );
  report(`imports of ${sources.length} files`, problems);
}
