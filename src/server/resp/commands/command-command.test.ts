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

describe("COMMAND", () => {
  it("counts and lists the commands", async () => {
    const names = (await client.call("COMMAND", "LIST")) as string[];
    expect(await client.call("COMMAND", "COUNT")).toBe(names.length);
    expect(names).toContain("cops.getver");
    expect(await client.call("COMMAND", "LIST", "FILTERBY", "PATTERN", "get*")).toEqual([
      "get",
      "getset",
      "getdel",
      "getex",
    ]);
    expect(await client.call("COMMAND")).toHaveLength(names.length);
  });

  it("describes commands as Redis does, unknown ones as null", async () => {
    const [get, none] = (await client.call("COMMAND", "INFO", "GET", "nonsense")) as [unknown[], null];
    expect(get.slice(0, 6)).toEqual(["get", 2, ["readonly", "fast"], 1, 1, 1]);
    expect(none).toBeNull();
  });

  it("documents commands", async () => {
    expect(await client.call("COMMAND", "DOCS", "ping")).toEqual([
      "ping",
      ["summary", "Returns the server's liveliness response.", "since", "1.0.0", "group", "connection"],
    ]);
  });

  it("finds keys in a command", async () => {
    expect(await client.call("COMMAND", "GETKEYS", "MSET", "a", "1", "b", "2")).toEqual(["a", "b"]);
    expect(await client.call("COMMAND", "GETKEYS", "GET", "k")).toEqual(["k"]);
    expect(await client.error("COMMAND", "GETKEYS", "PING")).toBe("ERR The command has no key arguments");
    expect(await client.error("COMMAND", "GETKEYS", "GET")).toBe(
      "ERR Invalid number of arguments specified for command",
    );
    expect(await client.error("COMMAND", "GETKEYS", "what", "k")).toBe("ERR Invalid command specified");
  });
});
