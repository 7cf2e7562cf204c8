import { describe, expect, it } from "vitest";
import { messageProblems } from "./check-messages.ts";

const code = [
  "export const messageHeartbeat = 1;",
  "export const messageDepCheck = 6;",
  "export const controlTypeMin = 64;",
  "export const messageHeaderBytes = 5;",
].join("\n");

const rows = ["| 1 | `heartbeat` | x |", "| 6 | `dep-check` | y |"];

function problemsOf(...lines: readonly string[]): string[] {
  return messageProblems(code, ["# Protocol", "## Messages", ...lines, "## Entries", "| 1 | `put` | z |"].join("\n"));
}

describe("the table of messages", () => {
  it("passes when every message has its row", () => {
    expect(problemsOf(...rows)).toEqual([]);
  });

  it.each([
    ["a message without a row", rows.slice(1), "heartbeat (1): has no such row"],
    ["another number", ["| 2 | `heartbeat` | x |", ...rows.slice(1)], "heartbeat (1): has no such row"],
    ["a row without a message", [...rows, "| 7 | `dep-holds` | x |"], "dep-holds: has a row and is no message"],
  ])("fails on %s", (_name, lines, problem) => {
    expect(problemsOf(...lines).join("\n")).toContain(problem);
  });

  it("fails where no message is found", () => {
    expect(messageProblems("", "")).toEqual(["src/protocol/messages/message.ts: no message found"]);
  });
});
