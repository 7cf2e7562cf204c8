import { describe, expect, it } from "vitest";
import { ReasonLog } from "./reason-log.ts";
import type { TransportLogEntry } from "./reason-log.ts";

function entry(message: string): TransportLogEntry {
  return { level: "warn", event: "refused", message };
}

describe("ReasonLog", () => {
  it("says a party's reason once, again when it changes, and again after a change of state", () => {
    const said: string[] = [];
    const log = new ReasonLog(({ message }) => said.push(message));
    for (const message of ["a", "a", "b", "b", "a"]) log.repeat("node 1", entry(message));
    log.repeat("node 2", entry("a"));
    expect(said).toEqual(["a", "b", "a", "a"]);
    log.change("node 1", entry("up"));
    log.repeat("node 1", entry("a"));
    expect(said.slice(4)).toEqual(["up", "a"]);
  });

  it("lets strangers have one line a second, and counts those left out", () => {
    let now = 0;
    const said: [string, number | undefined][] = [];
    const log = new ReasonLog(
      ({ message, suppressed }) => said.push([message, suppressed]),
      () => now,
    );
    for (let i = 0; i < 10; i++) log.stranger(`address ${i}`, entry("rubbish"));
    now = 1000;
    log.stranger("address 3", entry("rubbish"));
    log.stranger("address 4", entry("rubbish"));
    now = 2000;
    log.stranger("address 3", entry("rubbish"));
    expect(said).toEqual([
      ["rubbish", undefined],
      ["rubbish", 9],
    ]);
  });

  it("forgets the longest unheard of too many parties", () => {
    let lines = 0;
    const log = new ReasonLog(() => lines++);
    for (let i = 0; i < 257; i++) log.repeat(`node ${i}`, entry("same"));
    log.repeat("node 256", entry("same"));
    expect(lines).toBe(257);
    log.repeat("node 0", entry("same"));
    expect(lines).toBe(258);
  });

  it("does without a logger", () => {
    expect(() => new ReasonLog(undefined).change("node 1", entry("up"))).not.toThrow();
  });
});
