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

describe("RESET", () => {
  it("forgets name, version and what the session has seen", async () => {
    await client.call("HELLO", "3", "SETNAME", "me");
    await client.call("SET", "k", "1");
    expect(await client.call("RESET")).toBe("RESET");
    expect(client.received.endsWith("+RESET\r\n")).toBe(true);
    expect(await client.call("CLIENT", "GETNAME")).toBeNull();
    const context = (await client.call("COPS.CONTEXT")) as unknown[];
    expect(context.slice(4, 6)).toEqual(["dots", []]);
  });
});
