/*
 * Runs the `cops` command as a user does: a process with arguments, an environment and standard input.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const program = fileURLToPath(new URL("../main.ts", import.meta.url));

export interface CopsOutcome {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

export async function runCops(
  args: readonly string[],
  options: { readonly environment?: Readonly<Record<string, string>>; readonly input?: string } = {},
): Promise<CopsOutcome> {
  const env = { PATH: process.env["PATH"] ?? "", NO_COLOR: "1", ...options.environment };
  const child = spawn(process.execPath, [program, ...args], { env, stdio: "pipe" });
  let output = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  child.stdin.end(options.input ?? "");
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output, errors };
}
