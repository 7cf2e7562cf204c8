/*
 * The command line of chaos: help, and what is wrong said before anything is started.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { faultKinds } from "./fault-kinds.ts";

const program = fileURLToPath(new URL("main.ts", import.meta.url));

async function chaosCommand(...args: string[]): Promise<{ code: number | null; output: string; errors: string }> {
  const child = spawn(process.execPath, [program, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let [output, errors] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output, errors };
}

describe("the command line of chaos", () => {
  it("tells every fault and the exit codes", async () => {
    const { code, output } = await chaosCommand("--help");
    expect(code).toBe(0);
    for (const kind of faultKinds) expect(output).toMatch(new RegExp(`^ +${kind} `, "m"));
    expect(output).toContain("Exit codes: 0 good, 1 bad, 2");
  });

  it.each([
    [["--faults", "kill,flood"], "no fault is called flood; there are kill, "],
    [["--minutes", "1", "--seconds", "5"], "either --minutes or --seconds"],
    [["--seconds", "0"], "a run takes 1 to 86400 seconds"],
    [["--datacenters", "1"], "it takes two datacenters"],
    [["--rate", "0"], "--rate is 1 or more"],
    [["--fault", "kill"], "Unknown option '--fault'"],
    [["kill"], "what is kill?"],
  ])("answers %j with what is wrong, the usage and exit code 2", async (args, words) => {
    const { code, output, errors } = await chaosCommand(...args);
    expect({ code, output }).toEqual({ code: 2, output: "" });
    expect(errors).toContain(words);
    expect(errors).toContain("npm run chaos -- ");
  });
});
