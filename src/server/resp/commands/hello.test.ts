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

describe("HELLO", () => {
  it("says who we are and stays with RESP2 unless asked", async () => {
    const reply = (await client.call("HELLO")) as unknown[];
    expect(reply.slice(0, 2)).toEqual(["server", "redis"]);
    expect(reply.slice(4, 6)).toEqual(["proto", 2]);
  });

  it("changes to RESP3 behind the replies that are pending, and back", async () => {
    const other = clientOf(node);
    other.send(
      ["SET", "k", "1"],
      ["GET", "none"],
      ["HELLO", "3", "SETNAME", "n"],
      ["GET", "none"],
      ["HELLO", "2"],
      ["GET", "none"],
    );
    await Promise.all(Array.from({ length: 6 }, () => other.next()));
    const parts = other.received.split(/[%*]\d+\r\n\$6\r\nserver/);
    expect(parts[0]).toBe("+OK\r\n$-1\r\n");
    expect(parts[1]).toMatch(/_\r\n$/);
    expect(parts[2]).toMatch(/\$-1\r\n$/);
    expect(await other.call("CLIENT", "GETNAME")).toBe("n");
    other.close();
  });

  it("answers maps as maps in RESP3", async () => {
    const other = clientOf(node);
    await other.call("HELLO", "3");
    expect(await other.call("CONFIG", "GET", "save")).toEqual({ kind: "map", entries: [["save", ""]] });
    other.close();
  });

  it("refuses other versions and unknown options", async () => {
    expect(await client.error("HELLO", "4")).toBe("NOPROTO unsupported protocol version");
    expect(await client.error("HELLO", "x")).toBe("ERR Protocol version is not an integer or out of range");
    expect(await client.error("HELLO", "3", "WHAT")).toBe("ERR Syntax error in HELLO option 'WHAT'");
    expect(await client.error("HELLO", "3", "SETNAME", "a b")).toMatch(/^ERR Client names/);
  });
});
