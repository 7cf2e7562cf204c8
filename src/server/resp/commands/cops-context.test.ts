import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ReplyMap } from "../../../protocol/resp/reply-values.ts";
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

describe("COPS.CONTEXT", () => {
  it("shows what the session has seen, at its place in the pipeline", async () => {
    const other = clientOf(node);
    await other.call("HELLO", "3");
    const [before, , after] = (await other.pipeline(
      ["COPS.CONTEXT"],
      ["SET", "k", "1"],
      ["COPS.CONTEXT"],
    )) as ReplyMap[];
    expect(new Map(before?.entries)).toMatchObject(
      new Map<string, unknown>([
        ["session", null],
        ["datacenter", "d0"],
        ["dots", []],
        ["prefixes", []],
        ["floor", 0],
        ["floor_time", "never"],
      ]),
    );
    const { placement } = node.driver.core;
    const partition = placement.partitionOfHash(placement.hash("k"));
    expect(new Map(after?.entries).get("dots")).toEqual([`0/${partition}/1`]);
    other.close();
  });
});
