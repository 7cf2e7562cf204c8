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

describe("GET", () => {
  it("answers the value, byte for byte, and null where there is none", async () => {
    const key = "\u0000\r\n\u00ff";
    const value = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join("");
    expect(await client.pipeline(["SET", key, value], ["GET", key], ["GET", "none"])).toEqual(["OK", value, null]);
  });

  it("answers null for a key that was deleted", async () => {
    expect(await client.pipeline(["SET", "gone", "1"], ["DEL", "gone"], ["GET", "gone"])).toEqual(["OK", 1, null]);
  });

  it("refuses a key that is too large, and the connection lives on", async () => {
    const error = await client.error("GET", "k".repeat(65_537));
    expect(error).toBe("ERR key exceeds maximum allowed size (65536 bytes)");
    expect(await client.call("GET", "k".repeat(65_536))).toBeNull();
  });

  it("reads from the store what has left memory", async () => {
    await client.call("SET", "stored", "value");
    await node.forgetMemory();
    expect(await client.call("GET", "stored")).toBe("value");
  });
});
