import { afterAll, beforeAll, describe, expect, it } from "vitest";
import fc from "fast-check";
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

type Write = (key: (name: string) => string) => string[];

const names = ["a", "b", "c"];
const anyName = fc.constantFrom(...names);
const anyValue = fc.constantFrom("", "1", "22", "333");
const anyTime = fc.constantFrom("1", "4000000000000", "4000000000001");

/** Commands that MULTI takes; of those on an expiry only such as follow a write of their key. */
const anyWrites: fc.Arbitrary<Write[]> = fc.array(
  fc.oneof(
    fc.tuple(anyName, anyValue).map(([name, value]): Write => (key) => ["SET", key(name), value]),
    fc.tuple(anyName, anyValue).map(([name, value]): Write => (key) => ["SET", key(name), value, "GET"]),
    fc.tuple(anyName, anyValue, anyTime).map(([name, value, time]): Write => (key) => [
      "SET",
      key(name),
      value,
      "PXAT",
      time,
    ]),
    fc.tuple(anyName, anyValue).map(([name, value]): Write => (key) => ["SET", key(name), value, "KEEPTTL", "GET"]),
    fc.tuple(anyName, anyValue).map(([name, value]): Write => (key) => ["GETSET", key(name), value]),
    anyName.map((name): Write => (key) => ["GETDEL", key(name)]),
    fc.array(anyName, { minLength: 1, maxLength: 4 }).map((keys): Write => (key) => ["DEL", ...keys.map(key)]),
    fc.array(fc.tuple(anyName, anyValue), { minLength: 1, maxLength: 3 }).map((pairs): Write => (key) => [
      "MSET",
      ...pairs.flatMap(([name, value]) => [key(name), value]),
    ]),
  ),
  { maxLength: 12 },
);

const anyExpiryWrites: fc.Arbitrary<Write[]> = fc
  .tuple(
    fc.tuple(anyValue, fc.option(anyTime)),
    fc.array(
      fc.oneof(
        fc.tuple(anyTime, fc.constantFrom("", "NX", "XX", "GT", "LT")).map(([time, option]): Write => (key) => [
          "PEXPIREAT",
          key("a"),
          time,
          ...(option === "" ? [] : [option]),
        ]),
        fc.constant<Write>((key) => ["PERSIST", key("a")]),
        anyValue.map((value): Write => (key) => ["SET", key("a"), value, "KEEPTTL", "GET"]),
        fc.constant<Write>((key) => ["GETDEL", key("a")]),
      ),
      { maxLength: 8 },
    ),
  )
  .map(([[value, time], rest]): Write[] => [
    (key) => ["SET", key("a"), value, ...(time === null ? [] : ["PXAT", time])],
    ...rest,
  ]);

let round = 0;

/** The same writes in MULTI and one by one, on other keys, leave and answer the same. */
async function sameAsOneByOne(before: Write[], writes: Write[]): Promise<void> {
  round++;
  const alone = (name: string): string => `${round}:alone:${name}`;
  const together = (name: string): string => `${round}:together:${name}`;
  for (const key of [alone, together]) {
    if (before.length > 0) await client.pipeline(...before.map((write) => write(key)));
  }
  const one = await client.pipeline(...writes.map((write) => write(alone)), ["PING"]);
  const all = await client.pipeline(["MULTI"], ...writes.map((write) => write(together)), ["EXEC"]);
  expect(all.at(-1)).toEqual(one.slice(0, -1));
  const left = (key: (name: string) => string): Promise<unknown[]> =>
    client.pipeline(["MGET", ...names.map(key)], ...names.map((name) => ["PEXPIRETIME", key(name)]));
  expect(await left(together)).toEqual(await left(alone));
}

describe("EXEC", () => {
  it("answers and leaves what the writes would one by one", async () => {
    await fc.assert(fc.asyncProperty(anyWrites, anyWrites, sameAsOneByOne), { numRuns: 150 });
  });

  it("folds what becomes of an expiry", async () => {
    await fc.assert(fc.asyncProperty(anyWrites, anyExpiryWrites, sameAsOneByOne), { numRuns: 100 });
  });

  it("counts an expiry from EXEC on", async () => {
    const replies = await client.pipeline(
      ["MULTI"],
      ["SET", "t", "1", "EX", "100"],
      ["SETEX", "u", "200", "1"],
      ["PSETEX", "v", "300000", "1"],
      ["SET", "w", "1"],
      ["EXPIRE", "w", "400"],
      ["EXEC"],
      ["TTL", "t"],
      ["TTL", "u"],
      ["TTL", "v"],
      ["TTL", "w"],
    );
    expect(replies.slice(6)).toEqual([["OK", "OK", "OK", "OK", 1], 100, 200, 300, 400]);
  });

  it("cannot judge an expiry that KEEPTTL takes over", async () => {
    const replies = await client.pipeline(
      ["MULTI"],
      ["SET", "k", "1", "KEEPTTL"],
      ["EXPIRE", "k", "1", "GT"],
      ["DISCARD"],
    );
    expect(replies[2]).toMatchObject({
      message: "ERR EXPIRE in MULTI cannot judge an expiry that SET KEEPTTL takes over",
    });
  });

  it("is one write transaction: one dot for all of it", async () => {
    await client.pipeline(["RESET"], ["MULTI"], ["SET", "d1", "1"], ["SET", "d2", "1"], ["DEL", "d3"], ["EXEC"]);
    const context = (await client.call("COPS.CONTEXT")) as unknown[];
    expect(context[5]).toHaveLength(1);
    const dots = (await client.pipeline(["COPS.GETVER", "d1"], ["COPS.GETVER", "d2"])) as number[][];
    expect(dots[0]?.slice(1, 5)).toEqual(dots[1]?.slice(1, 5));
  });

  it("reads what all commands show at one time", async () => {
    await client.pipeline(["MSET", "r1", "1", "r2", "22"], ["SET", "r3", "3", "PXAT", "4000000000000"]);
    const replies = await client.pipeline(
      ["MULTI"],
      ["GET", "r1"],
      ["MGET", "r2", "none", "r1"],
      ["STRLEN", "r2"],
      ["EXISTS", "r1", "r1", "none"],
      ["TOUCH", "r3"],
      ["TYPE", "r3"],
      ["PEXPIRETIME", "r3"],
      ["TTL", "none"],
      ["EXEC"],
    );
    expect(replies.at(-1)).toEqual(["1", ["22", null, "1"], 2, 2, 1, "string", 4_000_000_000_000, -2]);
  });

  it("refuses reads and writes in one, and does nothing", async () => {
    const replies = await client.pipeline(["MULTI"], ["SET", "mix", "1"], ["GET", "mix"], ["EXEC"], ["GET", "mix"]);
    expect(replies.slice(0, 3)).toEqual(["OK", "QUEUED", "QUEUED"]);
    expect(replies[3]).toMatchObject({
      message: expect.stringMatching(/^EXECABORT .*only read or only write/) as string,
    });
    expect(replies[4]).toBeNull();
  });

  it("of nothing answers nothing, and without MULTI an error", async () => {
    expect(await client.pipeline(["MULTI"], ["EXEC"])).toEqual(["OK", []]);
    expect(await client.error("EXEC")).toBe("ERR EXEC without MULTI");
  });

  it("says why where writes are refused", async () => {
    node.driver.core.refuseWrites("full");
    const replies = await client.pipeline(["MULTI"], ["SET", "no", "1"], ["SET", "no2", "1"], ["EXEC"]);
    node.driver.core.refuseWrites(undefined);
    expect(replies[3]).toMatchObject({ message: expect.stringMatching(/^READONLY/) as string });
    expect(await client.call("EXISTS", "no", "no2")).toBe(0);
  });

  it("says when it is too large, and writes nothing", async () => {
    const large = "v".repeat(9 * 1024 * 1024);
    const replies = await client.pipeline(
      ["MULTI"],
      ["SET", "l1", large],
      ["SET", "l2", large],
      ["EXEC"],
      ["EXISTS", "l1"],
    );
    expect(replies[3]).toMatchObject({
      message:
        "EXECABORT Transaction discarded: ERR transaction exceeds maximum allowed size (16777216 bytes of keys and values)",
    });
    expect(replies[4]).toBe(0);
  });

  it("keeps its place in a pipeline", async () => {
    const replies = await client.pipeline(
      ["SET", "p", "1"],
      ["MULTI"],
      ["GETSET", "p", "2"],
      ["SET", "q", "2"],
      ["EXEC"],
      ["MULTI"],
      ["MGET", "p", "q"],
      ["EXEC"],
      ["GETSET", "p", "3"],
    );
    expect(replies).toEqual(["OK", "OK", "QUEUED", "QUEUED", ["1", "OK"], "OK", "QUEUED", [["2", "2"]], "2"]);
  });
});
