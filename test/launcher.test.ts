/*
 * bin/cops.js in a clone and in an installed package, on a Node.js that is new enough and on one that is not (which this
 * one plays by telling a lower version).
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const program = `
  const answer = { node: process.versions.node, arguments: process.argv.slice(2) };
  process.on("SIGTERM", () => process.exit(7));
  process.stdout.write(JSON.stringify(answer) + "\\n");
  if (process.argv[2] === "exit") process.exitCode = Number(process.argv[3]);
  if (process.argv[2] === "wait") setInterval(() => undefined, 1000);
  if (process.argv[2] === "die") process.kill(process.pid, "SIGKILL");
`;

const tooOld = ["Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.9.0' } })"];

let home: string;
const started: ChildProcess[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "cops-launcher-"));
  install("package.json", `{ "type": "module" }`);
  mkdirSync(join(home, "bin"));
  copyFileSync(fileURLToPath(new URL("../bin/cops.js", import.meta.url)), join(home, "bin/cops.js"));
});

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
  rmSync(home, { recursive: true });
});

function install(path: string, content: string): void {
  mkdirSync(dirname(join(home, path)), { recursive: true });
  writeFileSync(join(home, path), content);
}

function installNode(): void {
  mkdirSync(join(home, "node_modules/.bin"), { recursive: true });
  symlinkSync(process.execPath, join(home, "node_modules/.bin/node"));
}

function launch(args: readonly string[], preloads: readonly string[] = []): ChildProcess {
  const imports = preloads.flatMap((code) => ["--import", `data:text/javascript,${encodeURIComponent(code)}`]);
  const child = spawn(process.execPath, [...imports, join(home, "bin/cops.js"), ...args], { stdio: "pipe" });
  started.push(child);
  return child;
}

interface End {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

async function endOf(child: ChildProcess): Promise<End> {
  let output = "";
  let errors = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output, errors };
}

const here = process.versions.node;

describe.each([
  ["in a clone", "src/cli/main.ts", [], `const typed: number = 1; void typed;${program}`],
  ["in an installed package", "dist/cli/main.js", [], program],
  [
    "in a clone under a Node.js that is too old",
    "src/cli/main.ts",
    tooOld,
    `const typed: number = 1; void typed;${program}`,
  ],
])("the launcher %s", (_where, path, preloads, content) => {
  beforeEach(() => {
    install(path, content);
    installNode();
  });

  it("runs the program with its arguments", async () => {
    const { code, output } = await endOf(launch(["a", "b c"], preloads));
    expect(JSON.parse(output)).toEqual({ node: here, arguments: ["a", "b c"] });
    expect(code).toBe(0);
  });

  it("ends with the program's exit code", async () => {
    expect((await endOf(launch(["exit", "3"], preloads))).code).toBe(3);
  });

  it("passes a termination on", async () => {
    const child = launch(["wait"], preloads);
    const ended = endOf(child);
    if (child.stdout !== null) await once(child.stdout, "data");
    child.kill("SIGTERM");
    expect((await ended).code).toBe(7);
  });
});

describe("the launcher", () => {
  it("prefers the sources of a clone to what was compiled from them", async () => {
    install("src/cli/main.ts", `process.stdout.write("source")`);
    install("dist/cli/main.js", `process.stdout.write("compiled")`);
    expect((await endOf(launch([]))).output).toBe("source");
  });

  it("says in exit codes which signal killed the program", async () => {
    install("src/cli/main.ts", program);
    installNode();
    expect((await endOf(launch(["die"], tooOld))).code).toBe(128 + 9);
  });

  it.each([
    ["there is no newer one in the clone", "src/cli/main.ts", "needs Node.js 22.18 or newer and this is"],
    ["the package is installed", "dist/cli/main.js", "see https://nodejs.org/"],
  ])("explains itself to a Node.js that is too old when %s", async (_when, path, message) => {
    install(path, program);
    const { code, output, errors } = await endOf(launch([], tooOld));
    expect({ code, output }).toEqual({ code: 1, output: "" });
    expect(errors).toContain(message);
  });

  it("explains itself when there is no program", async () => {
    const { code, errors } = await endOf(launch([]));
    expect(code).toBe(1);
    expect(errors).toContain("the program is missing");
  });
});
