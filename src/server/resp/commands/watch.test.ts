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

describe("WATCH and UNWATCH", () => {
  it("are refused with what to use instead, and do nothing", async () => {
    expect(await client.error("WATCH", "k")).toMatch(/^ERR WATCH is not supported: .*COPS.CAS, MSETNX/);
    expect(await client.call("UNWATCH")).toBe("OK");
    const replies = await client.pipeline(["MULTI"], ["SET", "k", "1"], ["WATCH", "k"], ["EXEC"]);
    expect(replies).toMatchObject(["OK", "QUEUED", { message: "ERR WATCH inside MULTI is not allowed" }, ["OK"]]);
  });
});
