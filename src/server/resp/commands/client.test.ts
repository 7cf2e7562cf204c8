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

describe("CLIENT", () => {
  it("names connections, and lists them with what they said of themselves", async () => {
    expect(await client.call("CLIENT", "GETNAME")).toBeNull();
    expect(await client.call("client", "setname", "me")).toBe("OK");
    expect(await client.call("CLIENT", "SETINFO", "lib-name", "testing")).toBe("OK");
    expect(await client.call("CLIENT", "GETNAME")).toBe("me");
    const id = (await client.call("CLIENT", "ID")) as number;
    const line = await client.call("CLIENT", "INFO");
    expect(line).toContain(`id=${id} addr=127.0.0.1:${client.socket.localPort} `);
    expect(line).toContain(" name=me ");
    expect(line).toContain(" cmd=client|info ");
    expect(line).toContain(" resp=2 lib-name=testing ");
    const other = clientOf(node);
    await other.call("PING");
    expect((await client.text("CLIENT", "LIST")).trim().split("\n")).toHaveLength(2);
    expect((await client.text("CLIENT", "LIST", "ID", `${id}`)).trim().split("\n")).toHaveLength(1);
    expect(await client.call("CLIENT", "LIST", "TYPE", "pubsub")).toBe("");
    other.close();
  });

  it("refuses what it does not know, as Redis does", async () => {
    expect(await client.error("CLIENT", "WHAT")).toBe("ERR unknown subcommand 'WHAT'. Try CLIENT HELP.");
    expect(await client.error("CLIENT", "SETNAME")).toBe("ERR wrong number of arguments for 'client|setname' command");
    expect(await client.error("CLIENT", "SETNAME", "a b")).toMatch(/^ERR Client names cannot contain spaces/);
    expect(await client.error("CLIENT", "SETINFO", "other", "x")).toBe("ERR Unrecognized option 'other'");
    expect(await client.error("CLIENT", "LIST", "TYPE", "what")).toBe("ERR Unknown client type 'what'");
    expect(await client.error("CLIENT", "NO-EVICT", "perhaps")).toBe("ERR syntax error");
  });

  it("takes NO-EVICT and NO-TOUCH, and helps", async () => {
    expect(await client.pipeline(["CLIENT", "NO-EVICT", "on"], ["CLIENT", "NO-TOUCH", "OFF"])).toEqual(["OK", "OK"]);
    expect(await client.call("CLIENT", "HELP")).toContain("SETNAME <name>");
  });
});
