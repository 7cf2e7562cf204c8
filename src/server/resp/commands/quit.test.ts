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

describe("QUIT", () => {
  it("answers what is pending first, then OK, then closes", async () => {
    const other = clientOf(node);
    expect(await other.pipeline(["SET", "k", "1"], ["QUIT"])).toEqual(["OK", "OK"]);
    await other.closed;
  });

  it("ends the connection for what comes behind it", async () => {
    const other = clientOf(node);
    other.send(["SET", "behind", "1"], ["QUIT"], ["SET", "behind", "2"]);
    await other.closed;
    expect(other.received).toBe("+OK\r\n+OK\r\n");
    expect(await client.call("GET", "behind")).toBe("1");
  });
});
