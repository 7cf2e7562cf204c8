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

describe("COPS.GETVER", () => {
  it("answers value, version, dot and clock, and leaves the session alone", async () => {
    const other = clientOf(node);
    await other.call("SET", "k", "v");
    const [value, time, datacenter, partition, seq, clock, stable, tombstone] = (await client.call(
      "COPS.GETVER",
      "k",
    )) as number[];
    expect([value, datacenter, seq, tombstone]).toEqual(["v", 0, 1, 0]);
    expect(partition).toBe(node.driver.core.placement.partitionOfHash(node.driver.core.placement.hash("k")));
    expect(time).toBeGreaterThan(0);
    expect(clock).toBeGreaterThanOrEqual(time as number);
    expect([0, 1]).toContain(stable);
    const context = (await client.call("COPS.CONTEXT")) as unknown[];
    expect([context[5], context[9]]).toEqual([[], 0]);
    other.close();
  });

  it("tells a deleted key from one that was never written", async () => {
    await client.pipeline(["SET", "gone", "1"], ["DEL", "gone"]);
    const gone = (await client.call("COPS.GETVER", "gone", "FLOOR", "5")) as number[];
    expect([gone[0], gone[4], gone[7]]).toEqual([null, expect.any(Number), 1]);
    const never = (await client.call("COPS.GETVER", "never")) as number[];
    expect([never[0], never[1], never[4], never[6], never[7]]).toEqual([null, 0, 0, 1, 0]);
  });

  it("tells the dot of what has set the expiry, and the version of the value", async () => {
    await client.call("SET", "touched", "v");
    const before = (await client.call("COPS.GETVER", "touched")) as number[];
    await client.call("PEXPIREAT", "touched", "4000000000000");
    const after = (await client.call("COPS.GETVER", "touched")) as number[];
    expect(after).toHaveLength(11);
    expect(after.slice(0, 4)).toEqual(before.slice(0, 4));
    expect(after[4]).toBe((before[4] as number) + 1);
    expect(after.slice(7)).toEqual([0, 0, after[3], 4_000_000_000_000]);
    await client.call("PEXPIREAT", "touched", "4000000000001");
    await client.call("SET", "over", "v", "PXAT", "1");
    const over = (await client.call("COPS.GETVER", "over")) as number[];
    expect([over[0], over[7], over[10]]).toEqual([null, 1, 1]);
  });

  it("reads in order where records must come from the store", async () => {
    await client.call("MSET", "s1", "1", "s2", "2", "s3", "3");
    await node.forgetMemory();
    const replies = (await client.pipeline(
      ["COPS.GETVER", "s1"],
      ["COPS.GETVER", "s2"],
      ["COPS.GETVER", "s3"],
    )) as string[][];
    expect(replies.map((reply) => reply[0])).toEqual(["1", "2", "3"]);
  });

  it("refuses what is no floor", async () => {
    expect(await client.error("COPS.GETVER", "k", "FLOOR", "x")).toBe("ERR FLOOR is not a hybrid time");
    expect(await client.error("COPS.GETVER", "k", "FLOOR")).toBe("ERR syntax error");
    expect(await client.error("COPS.GETVER", "k", "CONTEXT", "x")).toBe("ERR syntax error");
  });
});
