import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startMemoryNode } from "../testing/memory-node.ts";
import type { MemoryNode } from "../testing/memory-node.ts";
import { clientOf } from "../testing/raw-client.ts";
import type { RawClient } from "../testing/raw-client.ts";

let node: MemoryNode;
let client: RawClient;
beforeAll(async () => {
  node = await startMemoryNode();
  client = clientOf(node);
});
afterAll(async () => {
  client.close();
  await node.close();
});

describe("COPS.SESSION", () => {
  it("makes connections share one context", async () => {
    const [a, b, c] = [clientOf(node), clientOf(node), clientOf(node)];
    expect(await a.call("COPS.SESSION", "pool")).toBe("OK");
    expect(await b.call("COPS.SESSION", "pool")).toBe("OK");
    await a.call("SET", "k", "1");
    const [ours, theirs, others] = [
      await a.call("COPS.CONTEXT"),
      await b.call("COPS.CONTEXT"),
      await c.call("COPS.CONTEXT"),
    ] as unknown[][];
    expect(ours?.[1]).toBe("pool");
    expect(theirs?.[5]).toEqual(ours?.[5]);
    expect(ours?.[5]).toHaveLength(1);
    expect(others?.[5]).toEqual([]);
    for (const connection of [a, b, c]) connection.close();
  });

  it("outlives a connection, and what another one is waiting for", async () => {
    const [a, b] = [clientOf(node), clientOf(node)];
    await a.call("COPS.SESSION", "alive");
    await b.call("COPS.SESSION", "alive");
    const answer = b.call("SET", "k", "2");
    a.send(["SET", "k", "3"]);
    a.close();
    expect(await answer).toBe("OK");
    expect(await b.call("SET", "k", "4")).toBe("OK");
    b.close();
  });

  it("joins behind the commands before it", async () => {
    const a = clientOf(node);
    const replies = await a.pipeline(["SET", "x", "1"], ["COPS.SESSION", "late"], ["COPS.CONTEXT"]);
    expect((replies[2] as unknown[])[5]).toEqual([]);
    a.close();
  });

  it("refuses names that are none", async () => {
    for (const name of ["", "a b", "x".repeat(129)]) {
      expect(await client.error("COPS.SESSION", name)).toMatch(/^ERR Session names are/);
    }
  });
});
