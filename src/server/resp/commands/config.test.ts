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

describe("CONFIG", () => {
  it("answers what benchmarks and clients ask for", async () => {
    expect(await client.call("CONFIG", "GET", "save")).toEqual(["save", ""]);
    expect(await client.call("CONFIG", "GET", "appendonly")).toEqual(["appendonly", "yes"]);
    expect(await client.call("CONFIG", "GET", "port")).toEqual(["port", String(node.server.port)]);
    expect(await client.call("CONFIG", "GET", "nothing*")).toEqual([]);
  });

  it("sets what can be set, at once", async () => {
    expect(await client.call("CONFIG", "SET", "maxclients", "17", "TIMEOUT", "30")).toBe("OK");
    expect(await client.call("CONFIG", "GET", "maxclients", "tim*")).toEqual(["maxclients", "17", "timeout", "30"]);
    expect(node.server.services.limits).toMatchObject({ clientsMax: 17, idleMsMax: 30_000 });
    expect(await client.call("CONFIG", "SET", "maxclients", "100", "timeout", "0")).toBe("OK");
    expect(await client.call("CONFIG", "SET", "proto-max-bulk-len", "64mb")).toBe("OK");
    expect(await client.call("CONFIG", "GET", "proto-max-bulk-len")).toEqual(["proto-max-bulk-len", "67108864"]);
  });

  it("sets nothing when one of the values is wrong", async () => {
    const error = await client.error("CONFIG", "SET", "timeout", "5", "maxclients", "0");
    expect(error).toMatch(/^ERR CONFIG SET failed \(possibly related to argument 'maxclients'\) - argument must be/);
    expect(await client.call("CONFIG", "GET", "timeout")).toEqual(["timeout", "0"]);
  });

  it("refuses what does not exist or cannot change", async () => {
    expect(await client.error("CONFIG", "SET", "nonsense", "1")).toBe(
      "ERR Unknown option or number of arguments for CONFIG SET - 'nonsense'",
    );
    expect(await client.error("CONFIG", "SET", "appendonly", "no")).toMatch(/can't set immutable config$/);
    expect(await client.error("CONFIG", "SET", "a", "1", "b")).toBe(
      "ERR wrong number of arguments for 'config|set' command",
    );
  });

  it("RESETSTAT begins counting anew", async () => {
    await client.call("PING");
    expect(await client.call("CONFIG", "RESETSTAT")).toBe("OK");
    expect(await client.call("INFO", "stats")).toContain("total_commands_processed:1\r\n");
  });
});
