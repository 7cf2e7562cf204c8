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

describe("FLUSHALL and FLUSHDB", () => {
  it.each([["FLUSHALL"], ["FLUSHDB"], ["flushall", "ASYNC"], ["flushdb", "sync"]])(
    "%s %s deletes every key",
    async (...command) => {
      const replies = await client.pipeline(
        ["MSET", "a", "1", "b", "2"],
        command,
        ["DBSIZE"],
        ["SET", "a", "3"],
        ["GET", "a"],
      );
      expect(replies).toEqual(["OK", "OK", 0, "OK", "3"]);
    },
  );

  it("leave the session with the deletes as what it has seen", async () => {
    await client.pipeline(["RESET"], ["SET", "a", "1"], ["FLUSHALL"]);
    const context = (await client.call("COPS.CONTEXT")) as unknown[];
    expect(context[5]).not.toEqual([]);
  });

  it("refuse what is no option, and say when writes are refused", async () => {
    expect(await client.error("FLUSHALL", "NOW")).toBe("ERR syntax error");
    await client.call("SET", "a", "1");
    node.driver.core.refuseWrites("full");
    expect(await client.error("FLUSHALL")).toMatch(/^READONLY writes are refused/);
    node.driver.core.refuseWrites(undefined);
    expect(await client.call("GET", "a")).toBe("1");
  });
});
