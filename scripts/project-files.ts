/*
 * The files of the project, for the scripts that check them: what git tracks or would track, or where there is no git
 * (a downloaded archive) everything but what is made or fetched.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const projectRoot = fileURLToPath(new URL("..", import.meta.url));

const madeOrFetched = new Set(["node_modules", "dist", "data", "coverage", ".git"]);

/** Paths from the root of the project, with forward slashes, sorted. */
export function projectFiles(): string[] {
  const inGit = existsSync(join(projectRoot, ".git"));
  const files = inGit ? filesByGit() : filesByWalking(projectRoot);
  return files.filter((file) => statSync(join(projectRoot, file), { throwIfNoEntry: false })?.isFile()).toSorted();
}

export function readProjectFile(file: string): string {
  return readFileSync(join(projectRoot, file), "utf8");
}

export function existsInProject(path: string): boolean {
  return existsSync(join(projectRoot, path));
}

/** Prints what was found, one a line, and sets the exit code. */
export function report(checked: string, problems: readonly string[]): void {
  for (const problem of problems) console.log(problem);
  console.log(problems.length === 0 ? `${checked}: in order` : `${checked}: ${problems.length} to mend`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

function filesByGit(): string[] {
  const args = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
  const listed = execFileSync("git", args, { cwd: projectRoot, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  return listed.split("\0").filter((file) => file !== "");
}

function filesByWalking(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (!entry.isDirectory()) return [relative(projectRoot, path)];
    return madeOrFetched.has(entry.name) ? [] : filesByWalking(path);
  });
}
