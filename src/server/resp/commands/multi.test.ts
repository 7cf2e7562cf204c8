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
  expect(node.bugs).toEqual([]);
  client.close();
  await node.close();
});

describe("MULTI", () => {
  it("queues what follows", async () => {
    const replies = await client.pipeline(["MULTI"], ["SET", "k", "1"], ["GET", "k"], ["DISCARD"], ["GET", "k"]);
    expect(replies).toEqual(["OK", "QUEUED", "QUEUED", "OK", null]);
  });

  it("is not nested, and goes on", async () => {
    const replies = await client.pipeline(["MULTI"], ["SET", "n", "1"], ["MULTI"], ["EXEC"]);
    expect(replies).toMatchObject(["OK", "QUEUED", { message: "ERR MULTI calls can not be nested" }, ["OK"]]);
  });

  it.each([
    [["NONSENSE"], /^ERR unknown command/],
    [["GET"], /^ERR wrong number of arguments for 'get'/],
    [["SET", "x", "1", "NX"], /^ERR SET with NX or XX is not allowed in MULTI/],
    [["SETNX", "x", "1"], /^ERR SETNX is not allowed in MULTI.*MSETNX or COPS.CAS outside/],
    [["MSETNX", "x", "1"], /^ERR MSETNX is not allowed in MULTI/],
    [["COPS.CAS", "x", "none", "1"], /^ERR COPS.CAS is not allowed in MULTI/],
    [["EXPIRE", "x", "1"], /^ERR EXPIRE in MULTI needs a key that the same MULTI wrote before/],
    [["PERSIST", "x"], /^ERR PERSIST in MULTI needs a key/],
    [["GETEX", "x", "EX", "1"], /^ERR Command 'getex' is not allowed in MULTI/],
    [["COPS.TOKEN"], /^ERR Command 'cops.token' is not allowed in MULTI/],
    [["DBSIZE"], /^ERR Command 'dbsize' is not allowed in MULTI/],
    [["SET", "x", "1", "EX", "0"], /^ERR invalid expire time in 'set' command/],
    [["GET", "k".repeat(65_537)], /^ERR key exceeds/],
  ] as [string[], RegExp][])("refuses %j when it comes, and EXEC refuses the rest", async (command, error) => {
    const [, queued, refused, after, aborted, value] = await client.pipeline(
      ["MULTI"],
      ["SET", "other", "1"],
      command,
      ["SET", "other", "2"],
      ["EXEC"],
      ["GET", "other"],
    );
    expect([queued, after, value]).toEqual(["QUEUED", "QUEUED", null]);
    expect(refused).toMatchObject({ message: expect.stringMatching(error) as string });
    expect(aborted).toMatchObject({ message: "EXECABORT Transaction discarded because of previous errors." });
  });

  it("holds a bounded number of commands, bytes and keys", async () => {
    const { limits } = node.server.services;
    const before = { ...limits };
    Object.assign(limits, { multiCommandsMax: 2, multiBytesMax: 10_000 });
    const many = await client.pipeline(["MULTI"], ["SET", "a", "1"], ["SET", "b", "1"], ["SET", "c", "1"], ["EXEC"]);
    expect(many[3]).toMatchObject({ message: "ERR MULTI holds at most 2 commands" });
    expect(many[4]).toMatchObject({ message: /^EXECABORT/ });
    const large = await client.pipeline(["MULTI"], ["SET", "a", "v".repeat(10_000)], ["EXEC"]);
    expect(large[1]).toMatchObject({ message: "ERR MULTI holds at most 10000 bytes of commands" });
    Object.assign(limits, before);
    const names = Array.from({ length: 4096 }, (_, i) => `many:${i}`);
    const pairs = names.flatMap((name) => [name, "v"]);
    const full = await client.pipeline(["MULTI"], ["MSET", ...pairs], ["SET", "many:0", "w"], ["SET", "more", "v"]);
    expect(full.slice(1, 3)).toEqual(["QUEUED", "QUEUED"]);
    expect(full[3]).toMatchObject({ message: "ERR too many keys: a transaction has at most 4096" });
    expect(await client.error("EXEC")).toMatch(/^EXECABORT/);
    const reads = await client.pipeline(["MULTI"], ["MGET", ...names], ["GET", "more"], ["DISCARD"]);
    expect(reads[2]).toMatchObject({ message: "ERR too many keys: a transaction has at most 4096" });
  });

  it("counts what it holds among the input of all clients", async () => {
    const { input } = node.server.services;
    await client.pipeline(["MULTI"], ["SET", "a", "v".repeat(100_000)]);
    expect(input.held).toBeGreaterThan(100_000);
    await client.call("DISCARD");
    await client.call("PING");
    expect(input.held).toBe(0);
  });

  it("ends with RESET, QUIT and the connection", async () => {
    const replies = await client.pipeline(["MULTI"], ["SET", "r", "1"], ["RESET"], ["GET", "r"]);
    expect(replies).toEqual(["OK", "QUEUED", "RESET", null]);
    const other = clientOf(node);
    expect(await other.pipeline(["MULTI"], ["SET", "q", "1"], ["QUIT"])).toEqual(["OK", "QUEUED", "OK"]);
    await other.closed;
    expect(await client.call("GET", "q")).toBeNull();
  });
});
