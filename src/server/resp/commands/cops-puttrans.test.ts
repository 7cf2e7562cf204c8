import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ByteWriter } from "../../../protocol/byte-writer.ts";
import { encodeDependencies } from "../../../protocol/dependencies.ts";
import { originOf } from "../../../protocol/version.ts";
import { startMemoryNode } from "../testing/memory-node.ts";
import type { MemoryNode } from "../testing/memory-node.ts";
import { clientOf } from "../testing/raw-client.ts";
import type { RawClient } from "../testing/raw-client.ts";

function contextOf(...dots: number[]): string {
  const writer = new ByteWriter();
  encodeDependencies(writer, { dots, prefixes: [] });
  return writer.bytes.latin1Slice(0, writer.length);
}

const nothing = contextOf();

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

const nowhere = ["CONTEXT", nothing, "FLOOR", "0"];

describe("COPS.PUTTRANS", () => {
  it("writes all at once and answers version, dot and clock", async () => {
    await client.call("SET", "gone", "1");
    const ops = ["SET", "a", "1", "SETPX", "b", "2", "4000000000000", "DEL", "gone"];
    const put = (await client.call("COPS.PUTTRANS", ...nowhere, "3", ...ops)) as number[];
    const [written, time, datacenter, partition, seq, clock] = put;
    expect([put.length, written, datacenter]).toEqual([6, 1, 0]);
    expect(clock).toBeGreaterThanOrEqual(time as number);
    expect(await client.call("MGET", "a", "b", "gone")).toEqual(["1", "2", null]);
    expect(await client.call("PEXPIRETIME", "b")).toBe(4_000_000_000_000);
    for (const key of ["a", "b", "gone"]) {
      const read = (await client.call("COPS.GETVER", key)) as number[];
      expect([...read.slice(1, 5), ...read.slice(8, 10)]).toEqual([time, datacenter, partition, seq, 0, partition]);
    }
    const context = contextOf(originOf(0, partition as number), seq as number);
    const next = ["CONTEXT", context, "FLOOR", String(clock), "1", "SET", "a", "3"];
    const [, later] = (await client.call("COPS.PUTTRANS", ...next)) as number[];
    expect(later).toBeGreaterThan(clock as number);
  });

  it("writes nothing where one condition fails", async () => {
    await client.call("SET", "there", "1");
    const failed = (await client.call(
      "COPS.PUTTRANS",
      ...nowhere,
      "2",
      "SET",
      "x",
      "1",
      "SET",
      "there",
      "2",
      "NX",
    )) as number[];
    expect(failed.slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
    expect(failed).toHaveLength(7);
    // On one node everything is stable at once: whoever knows of it need not depend on it.
    expect(failed[6]).toBe(nothing);
    const also = (await client.call(
      "COPS.PUTTRANS",
      ...nowhere,
      "2",
      "SET",
      "x",
      "1",
      "DEL",
      "never",
      "XX",
    )) as number[];
    expect(also[0]).toBe(0);
    expect(await client.call("MGET", "x", "there")).toEqual([null, "1"]);
    const done = (await client.call(
      "COPS.PUTTRANS",
      ...nowhere,
      "2",
      "SET",
      "x",
      "1",
      "nx",
      "DEL",
      "there",
      "xx",
    )) as number[];
    expect(done[0]).toBe(1);
    expect(await client.call("MGET", "x", "there")).toEqual(["1", null]);
  });

  it("applies a repeated request once", async () => {
    const command = [
      "COPS.PUTTRANS",
      ...nowhere,
      "REQUEST",
      "client-1",
      "7",
      "7",
      "2",
      "SET",
      "r1",
      "1",
      "SET",
      "r2",
      "1",
    ];
    const first = (await client.call(...command)) as number[];
    await client.call("SET", "r1", "between");
    const second = (await client.call(...command)) as number[];
    expect(second.slice(0, 5)).toEqual(first.slice(0, 5));
    expect(await client.call("GET", "r1")).toBe("between");
  });

  it("refuses what it cannot read, and writes nothing", async () => {
    const put = (...rest: string[]) => client.error("COPS.PUTTRANS", ...nowhere, ...rest);
    expect(await put("0", "SET", "k", "v")).toBe("ERR the number of operations is not a whole number from 1");
    expect(await put("x", "SET", "k", "v")).toBe("ERR the number of operations is not a whole number from 1");
    expect(await put("2", "SET", "k", "v")).toBe("ERR syntax error");
    expect(await put("1", "SET", "k", "v", "DEL", "j")).toBe("ERR syntax error");
    expect(await put("1", "PUT", "k", "v")).toBe("ERR syntax error");
    expect(await put("1", "SET", "k", "v", "WHAT")).toBe("ERR syntax error");
    expect(await put("1", "SETPX", "k", "v", "0")).toBe("ERR invalid expire time in 'cops.puttrans' command");
    expect(await put("2", "SET", "k", "v", "DEL", "k")).toBe("ERR two operations of one transaction are on one key");
    expect(await put("4097", "SET", "k", "v")).toMatch(/^ERR too many keys: .* 4096$/);
    expect(await client.error("COPS.PUTTRANS", "FLOOR", "0", "1", "SET", "k", "v", "NX")).toBe("ERR syntax error");
    expect(await client.error("COPS.PUTTRANS", "CONTEXT", "x", "FLOOR", "0", "1", "DEL", "k")).toMatch(
      /^ERR CONTEXT is not/,
    );
    const unknown = ["CONTEXT", contextOf(originOf(0, 1), 10 ** 9), "FLOOR", "0"];
    expect(await client.error("COPS.PUTTRANS", ...unknown, "1", "SET", "k", "v")).toMatch(/^BADCONTEXT/);
    expect(await client.call("EXISTS", "k", "j")).toBe(0);
  });
});
