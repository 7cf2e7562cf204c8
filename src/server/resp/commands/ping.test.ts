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

describe("PING and ECHO", () => {
  it("keep their place behind writes that are not durable yet", async () => {
    const replies = await client.pipeline(
      ["SET", "k", "1"],
      ["PING"],
      ["GET", "k"],
      ["PING", "hi"],
      ["ECHO", "\u00ff"],
    );
    expect(replies).toEqual(["OK", "PONG", "1", "hi", "\u00ff"]);
  });

  it("refuse further arguments", async () => {
    expect(await client.error("PING", "a", "b")).toBe("ERR wrong number of arguments for 'ping' command");
    expect(await client.error("ECHO")).toBe("ERR wrong number of arguments for 'echo' command");
  });
});
