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

describe("INFO", () => {
  it("has the default sections, with what clients look for", async () => {
    const text = await client.text("INFO");
    for (const section of ["Server", "Clients", "Memory", "Persistence", "Stats", "Replication", "Cops", "Keyspace"]) {
      expect(text).toContain(`# ${section}\r\n`);
    }
    expect(text).toContain("loading:0\r\n");
    expect(text).toContain("role:master\r\n");
    expect(text).not.toContain("# Commandstats");
  });

  it("counts what happens", async () => {
    await client.pipeline(["SET", "k", "1"], ["GET", "k"], ["GET"]);
    const text = await client.text("INFO", "STATS", "commandstats");
    expect(text).toContain("writes_local:1\r\n");
    expect(text).toContain("cmdstat_get:calls=1,rejected_calls=1\r\n");
    expect(text).not.toContain("# Server");
  });

  it("shows the last count of keys, and says when there was none", async () => {
    expect(await client.call("INFO", "keyspace")).toBe("# Keyspace\r\nkeys_counted:never\r\n");
    await client.call("DBSIZE");
    expect(await client.call("INFO", "keyspace")).toContain("db0:keys=1,expires=0,avg_ttl=0\r\n");
  });
});
