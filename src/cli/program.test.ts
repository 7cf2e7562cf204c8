/*
 * The command line as users and scripts meet it: help, slips of the fingers, exit codes.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCops } from "./testing/run-cops.ts";
import { configJsonSchema } from "../server/config/config-keys.ts";

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cops-program-"));
});

afterEach(() => rmSync(directory, { recursive: true }));

describe("the command line", () => {
  it("tells its commands and exit codes", async () => {
    const { code, output } = await runCops(["--help"]);
    expect(code).toBe(0);
    for (const name of ["up", "down", "server", "status", "why", "fault", "token", "shell", "check"]) {
      expect(output).toMatch(new RegExp(`^  ${name}( |$)`, "m"));
    }
    expect(output).toContain("3  nobody answered");
  });

  it.each([
    [["stauts"], "Did you mean status?"],
    [["up", "--datacentres", "3"], "Did you mean --datacenters?"],
    [["fault", "cutt", "a", "b"], "Did you mean cut?"],
    [["up", "--nodes", "two"], "It must be a whole number."],
    [["up", "--nodes", "31"], "--nodes is 1 to 30, not 31"],
    [["check"], "missing required argument 'file'"],
    [["why"], "missing required argument 'key'"],
    [[], "Usage: cops"],
  ])("answers %j with what was meant, and exit code 2", async (args, words) => {
    const { code, output, errors } = await runCops(args);
    expect({ code, output }).toEqual({ code: 2, output: "" });
    expect(errors).toContain(words);
  });

  it("prints its version", async () => {
    expect((await runCops(["--version"])).output).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("commands for a development cluster", () => {
  it.each([[["status"]], [["down"]], [["why", "key"]], [["shell"]], [["fault", "list"]]])(
    "say how to start one where there is none: %j",
    async (args) => {
      const { code, errors } = await runCops(args, { environment: { COPS_DATA: directory } });
      expect(code).toBe(1);
      expect(errors).toBe(
        `cops: there is no development cluster in ${directory}; ` +
          "start one with `cops up`, or say where it is with --data DIR or COPS_DATA\n",
      );
    },
  );

  it("end with exit code 3 where nobody answers", async () => {
    const { code, errors } = await runCops(["why", "key", "--port", "1"]);
    expect([code, errors]).toEqual([3, "cops: cannot connect to 127.0.0.1:1: nobody listens there\n"]);
  });
});

describe("cops server", () => {
  it("prints the schema of the configuration", async () => {
    const { code, output } = await runCops(["server", "--print-schema"]);
    expect(code).toBe(0);
    expect(JSON.parse(output)).toEqual(configJsonSchema());
  });

  it("has every setting as a flag, with its variable and its default", async () => {
    const { output } = await runCops(["server", "--help"]);
    expect(output.replaceAll(/\s+/g, " ")).toContain(
      "--max-clients <value> Connections of clients at once; more are refused (env: COPS_MAX_CLIENTS, default: 10000)",
    );
  });

  it("tells what is wrong with a configuration by file, line and key", async () => {
    const file = join(directory, "cluster.yaml");
    writeFileSync(file, "cluster:\n  id: blue\n  partitions: 0\n  datacenters: []\n");
    const { code, output, errors } = await runCops(["server", "--config", file, "--node", "a"]);
    expect({ code, output }).toEqual({ code: 2, output: "" });
    expect(errors.split("\n")).toEqual([
      `${file}:3:15: cluster.partitions is 0; it must be a whole number from 1 to 16384`,
      `${file}:4:16: cluster.datacenters is []; it must be a list of 1 to 64 datacenters`,
      "",
    ]);
  });

  it("checks a configuration without running it", async () => {
    const file = join(directory, "cluster.json");
    const node = { name: "a", respPort: 1, httpPort: 2, peerPort: 3 };
    const cluster = { id: "blue", partitions: 1, datacenters: [{ name: "east", nodes: [node] }] };
    writeFileSync(file, JSON.stringify({ cluster }));
    expect(await runCops(["server", "--check", "--node", "a"], { environment: { COPS_CONFIG: file } })).toEqual({
      code: 0,
      output: "",
      errors: "",
    });
  });
});
