import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeClusterFile } from "./dev/cluster-file.ts";
import type { FakeAnswer } from "./testing/fake-http.ts";
import { FakeHttp } from "./testing/fake-http.ts";
import type { CopsOutcome } from "./testing/run-cops.ts";
import { runCops } from "./testing/run-cops.ts";

let directory: string;
let http: FakeHttp;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cops-fault-"));
  http = new FakeHttp();
});

afterEach(() => {
  http.close();
  rmSync(directory, { recursive: true });
});

async function fault(args: readonly string[], answer: FakeAnswer = noFaults): Promise<CopsOutcome> {
  writeClusterFile(directory, await http.cluster(["east", "west", "north"], answer));
  return runCops(["fault", ...args, "--data", directory]);
}

const noFaults: FakeAnswer = () => ({ status: 200, body: { faults: [] } });

function told(): unknown[] {
  const requests = http.requests.toSorted((a, b) => a.node.localeCompare(b.node));
  return requests.map(({ node, method, body }) => [node, method, body]);
}

describe("cops fault", () => {
  it("cuts a link at both ends, and there only", async () => {
    expect((await fault(["cut", "east", "west"])).code).toBe(0);
    expect(told()).toEqual([
      ["east-n0", "POST", { action: "cut", datacenter: 1 }],
      ["west-n0", "POST", { action: "cut", datacenter: 0 }],
    ]);
  });

  it("delays a link", async () => {
    expect((await fault(["delay", "2", "west", "80"])).code).toBe(0);
    expect(told()).toEqual([
      ["north-n0", "POST", { action: "delay", datacenter: 1, delayMs: 80 }],
      ["west-n0", "POST", { action: "delay", datacenter: 2, delayMs: 80 }],
    ]);
  });

  it("heals everything, or one link", async () => {
    expect(await fault(["heal"])).toEqual({ code: 0, output: "no faults\n", errors: "" });
    expect(told()).toEqual(["east-n0", "north-n0", "west-n0"].map((node) => [node, "POST", { action: "heal" }]));
    http.requests.length = 0;
    await fault(["heal", "east", "north"]);
    expect(told()).toEqual([
      ["east-n0", "POST", { action: "heal", datacenter: 2 }],
      ["north-n0", "POST", { action: "heal", datacenter: 0 }],
    ]);
  });

  it("lists what is out of order, for people and for programs", async () => {
    const entry = { datacenter: 1, delayMs: 50, cut: true, since: Date.now() + 1e9, heldFrames: 0, heldBytes: 0 };
    const answer: FakeAnswer = ({ node }) => ({ status: 200, body: { faults: node === "east-n0" ? [entry] : [] } });
    const { output } = await fault(["list"], answer);
    expect(output.split("\n").map((line) => line.split(/ +/))).toEqual([
      ["NODE", "TO", "CUT", "DELAY", "FOR"],
      ["east-n0", "west", "cut", "50ms", "0ms"],
      [""],
    ]);
    const { output: json } = await fault(["list", "--json"], answer);
    expect(JSON.parse(json)).toMatchObject({ nodes: [{ node: "east-n0", faults: [entry] }, {}, {}] });
  });

  it("is refused where faults are not allowed", async () => {
    const body = { error: { code: "FAULTS_NOT_ALLOWED", message: "not started with faults allowed" } };
    const { code, errors } = await fault(["cut", "east", "west"], () => ({ status: 403, body }));
    expect([code, errors]).toEqual([4, "cops: east-n0: not started with faults allowed\n"]);
  });

  it.each([
    [["cut", "east", "wets"], "there is no datacenter wets; did you mean west?"],
    [["cut", "east", "0"], "a link is between two different datacenters"],
    [["heal", "east"], "heal needs two datacenters, or none for all links"],
  ])("asks for links that there are: %j", async (args, words) => {
    const { code, errors } = await fault(args);
    expect([code, errors, http.requests]).toEqual([2, `cops: ${words}\n`, []]);
  });
});
