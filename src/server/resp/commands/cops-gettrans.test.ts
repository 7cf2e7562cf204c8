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
  expect(node.bugs).toEqual([]);
  client.close();
  await node.close();
});

describe("COPS.GETTRANS", () => {
  it("answers each key as COPS.GETVER does, at one time, and leaves the session alone", async () => {
    const other = clientOf(node);
    await other.call("MSET", "a", "1", "b", "2");
    await other.pipeline(["SET", "e", "3", "PXAT", "4000000000000"], ["SET", "d", "4"], ["DEL", "d"]);
    const [time, clock, entries] = (await client.call("COPS.GETTRANS", "FLOOR", "0", "a", "none", "b", "e", "d")) as [
      number,
      number,
      (string | number | null)[][],
    ];
    expect(time).toBeGreaterThan(0);
    expect(clock).toBeGreaterThanOrEqual(time);
    expect(entries.map((entry) => entry[0])).toEqual(["1", null, "2", "3", null]);
    expect(entries.map((entry) => entry[7])).toEqual([0, 0, 0, 0, 1]);
    expect(entries.map((entry) => entry[10])).toEqual([0, 0, 0, 4_000_000_000_000, 0]);
    expect(entries.every((entry) => entry.length === 11 && entry[5] === clock)).toBe(true);
    expect(entries[0]?.slice(1, 5)).toEqual(entries[2]?.slice(1, 5));
    for (const [i, key] of ["a", "none", "b", "e", "d"].entries()) {
      const single = (await client.call("COPS.GETVER", key)) as unknown[];
      expect([...single.slice(0, 5), ...single.slice(6)]).toEqual([
        ...(entries[i] ?? []).slice(0, 5),
        ...(entries[i] ?? []).slice(6),
      ]);
    }
    const context = (await client.call("COPS.CONTEXT")) as unknown[];
    expect([context[5], context[9]]).toEqual([[], 0]);
    other.close();
  });

  it("begins above the floor", async () => {
    const [, , , , , floor] = (await client.call("COPS.GETVER", "a")) as number[];
    const [, clock] = (await client.call("COPS.GETTRANS", "FLOOR", String(floor), "a", "b")) as number[];
    expect(clock).toBeGreaterThanOrEqual(floor as number);
  });

  it("refuses what is no floor, and too many keys", async () => {
    expect(await client.error("COPS.GETTRANS", "FLOOR", "x", "a")).toBe("ERR FLOOR is not a hybrid time");
    expect(await client.error("COPS.GETTRANS", "CONTEXT", "0", "a")).toBe("ERR syntax error");
    const names = Array.from({ length: 4097 }, () => "a");
    expect(await client.error("COPS.GETTRANS", "FLOOR", "0", ...names)).toMatch(/^ERR too many keys: .* 4096$/);
  });
});
