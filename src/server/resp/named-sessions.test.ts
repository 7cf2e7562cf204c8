import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NamedSessions } from "./named-sessions.ts";
import { respLimitsDefault } from "./resp-limits.ts";
import { startMemoryNode } from "./testing/memory-node.ts";
import type { MemoryNode } from "./testing/memory-node.ts";

let node: MemoryNode;
beforeAll(async () => {
  node = await startMemoryNode();
});
afterAll(() => node.close());

function sessionsOf(namedSessionsMax: number): NamedSessions {
  const limits = { ...respLimitsDefault, namedSessionsMax, namedSessionIdleMsMax: 1000 };
  return new NamedSessions(node.driver.core, limits);
}

describe("named sessions", () => {
  it("are the same for everyone who joins under one name", () => {
    const sessions = sessionsOf(10);
    expect(sessions.join("a")).toBe(sessions.join("a"));
    expect(sessions.join("b")?.session).not.toBe(sessions.join("a")?.session);
  });

  it("are forgotten after a while without a connection, and not before", () => {
    const sessions = sessionsOf(10);
    const [a, b] = [sessions.join("a"), sessions.join("b")];
    sessions.join("b");
    if (a === undefined || b === undefined) throw new Error("there is room");
    sessions.leave(a, 5000);
    sessions.leave(b, 5000);
    sessions.sweep(5999);
    expect(sessions.size).toBe(2);
    sessions.sweep(6000);
    expect(sessions.size).toBe(1);
    expect(sessions.join("b")).toBe(b);
  });

  it("make room for a new name where one is idle, else refuse it", () => {
    const sessions = sessionsOf(2);
    const a = sessions.join("a");
    const b = sessions.join("b");
    expect(sessions.join("c")).toBeUndefined();
    if (a === undefined || b === undefined) throw new Error("there is room");
    sessions.leave(b, 1);
    sessions.leave(a, 2);
    expect(sessions.join("c")?.name).toBe("c");
    expect(sessions.join("a")).toBe(a);
    expect(sessions.join("b")).toBeUndefined();
  });
});
