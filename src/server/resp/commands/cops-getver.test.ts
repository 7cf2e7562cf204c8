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
