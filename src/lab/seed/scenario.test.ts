import { describe, expect, it } from "vitest";
import { BadScenarioError } from "./errors.ts";
import type { ScenarioProblem } from "./errors.ts";
import { parseScenario } from "./scenario.ts";

const cluster = ["0 startServer 1 2 10000", "1 startServer 1 2 10001", "7 startClient 0 2 10002"];

function problemsOf(...lines: string[]): readonly ScenarioProblem[] {
  try {
    parseScenario(lines.join("\n"));
    return [];
  } catch (error) {
    if (error instanceof BadScenarioError) return error.problems;
    throw error;
  }
}

describe("a scenario", () => {
  it("has one step a line, each with its line number", () => {
    const lines = [...cluster, "7 put 1 v id", "7 get 1", "0 block id 1", "0 unblock id 1", "0 sleep 1.5", "exit"];
    expect(parseScenario(lines.join("\n"))).toEqual([
      { line: 1, kind: "startServer", id: 0, group: 1, partitions: 2, port: 10_000 },
      { line: 2, kind: "startServer", id: 1, group: 1, partitions: 2, port: 10_001 },
      { line: 3, kind: "startClient", id: 7, group: 0, partitions: 2, port: 10_002 },
      { line: 4, kind: "put", client: 7, key: "1", value: "v", putId: "id" },
      { line: 5, kind: "get", client: 7, key: "1" },
      { line: 6, kind: "block", putId: "id", server: 1 },
      { line: 7, kind: "unblock", putId: "id", server: 1 },
      { line: 8, kind: "sleep", ms: 1500 },
    ]);
  });

  it("may have blank lines, Windows line ends, spaces around words, and no line end at its end", () => {
    const plain = parseScenario([...cluster, "7 get 1"].join("\n"));
    const other = parseScenario(`\r\n \t\r\n${[...cluster, "  7   get\t1 "].join("\r\n")}`);
    expect(other).toEqual(plain.map((step) => ({ ...step, line: step.line + 2 })));
  });

  it("ends at exit, whatever follows", () => {
    expect(parseScenario("exit\nwhatever follows")).toEqual([]);
    expect(parseScenario("")).toEqual([]);
  });

  it.each([
    ["hello", "a line begins with a number and a word, or is exit"],
    ["7", "a line begins with a number and a word, or is exit"],
    ["exit now", "a line begins with a number and a word, or is exit"],
    [
      "7 delete 1",
      'unknown step "delete": startServer, startClient, put, get, block, unblock, sleep and exit are known',
    ],
    ["7 put 1 v", "put takes KEY VALUE PUTID"],
    ["7 put 1 two words 0", "put takes KEY VALUE PUTID"],
    [`7 put 1 v ${"9".repeat(41)}`, "a PUTID has at most 40 bytes"],
    ["7 get", "get takes KEY"],
    ["7 get 1 2", "get takes KEY"],
    ["8 get 1", "client 8 was not started"],
    ["0 get 1", "client 0 was not started"],
    ["0 block 1", "block takes PUTID DEST"],
    ["0 unblock 1 two", "unblock takes PUTID DEST"],
    ["0 sleep", "sleep takes SECONDS, at most 3600"],
    ["0 sleep -1", "sleep takes SECONDS, at most 3600"],
    ["0 sleep 3601", "sleep takes SECONDS, at most 3600"],
    ["2 startServer 1 2", "startServer takes N S PORT"],
    ["8 startClient 0 two 10009", "startClient takes DID S PORT"],
    ["8 startClient 0 2 70000", '"70000" is not a port'],
    ["8 startClient 46 2 10009", "server 46001 would need port 66001, and 65535 is the last"],
    ["2 startServer 1 2 10009", "server 2 is not one of 1 datacenters with 2 partitions"],
    ["1000 startServer 2 2 10009", "all servers and clients agree on 1 datacenters with 2 partitions"],
    ["8 startClient 0 3 10009", "all servers and clients agree on 1 datacenters with 2 partitions"],
    ["8 startClient 1 2 10009", "there is no datacenter 1"],
    ["7 startClient 0 2 10009", "7 was started before"],
    ["8 startClient 0 2 10001", "port 10001 is server 1's"],
    ["8 startClient 0 2 20001", "port 20001 is server 1's"],
  ])("is refused for %j", (line, message) => {
    expect(problemsOf(...cluster, line)).toEqual([{ line: 4, message }]);
  });

  it("is told all that is wrong with it at once, up to a bound", () => {
    expect(problemsOf("7 get 1", "", "0 sleep x").map(({ line }) => line)).toEqual([1, 3]);
    expect(problemsOf(...Array.from({ length: 1000 }, () => "rubbish")).length).toBe(20);
  });
});
