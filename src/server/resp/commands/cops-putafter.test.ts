import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ByteWriter } from "../../../protocol/byte-writer.ts";
import { encodeDependencies } from "../../../protocol/dependencies.ts";
import { originOf } from "../../../protocol/version.ts";
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

function contextOf(...dots: number[]): string {
  const writer = new ByteWriter();
  encodeDependencies(writer, { dots, prefixes: [] });
  return writer.bytes.latin1Slice(0, writer.length);
}

const nothing = contextOf();

describe("COPS.PUTAFTER and COPS.DELAFTER", () => {
  it("write and answer version, dot and clock", async () => {
    const put = (await client.call("COPS.PUTAFTER", "k", "v", "CONTEXT", nothing, "FLOOR", "0")) as number[];
    const [written, time, datacenter, partition, seq, clock] = put;
    expect([written, datacenter, seq]).toEqual([1, 0, 1]);
    expect(clock).toBeGreaterThanOrEqual(time as number);
    const context = contextOf(originOf(0, partition as number), 1);
    const floor = String(clock);
    const gone = (await client.call("COPS.DELAFTER", "k", "CONTEXT", context, "FLOOR", floor)) as number[];
    expect([gone[0], gone[4]]).toEqual([1, 2]);
    expect(gone[1]).toBeGreaterThan(clock as number);
    expect(await client.call("GET", "k")).toBeNull();
  });

  it("judge their condition and answer what they were judged against", async () => {
    const put = (await client.call("COPS.PUTAFTER", "c", "1", "CONTEXT", nothing, "FLOOR", "0", "NX")) as number[];
    const again = (await client.call("COPS.PUTAFTER", "c", "2", "CONTEXT", nothing, "FLOOR", "0", "NX")) as number[];
    expect(again.slice(0, 5)).toEqual([0, ...put.slice(1, 5)]);
    const none = (await client.call("COPS.DELAFTER", "never", "CONTEXT", nothing, "FLOOR", "0", "XX")) as number[];
    expect([none[0], none[1], none[4]]).toEqual([0, 0, 0]);
    const gone = (await client.call("COPS.DELAFTER", "c", "CONTEXT", nothing, "FLOOR", "0", "XX")) as number[];
    expect(gone[0]).toBe(1);
  });

  it("write an expiry, and compare versions", async () => {
    const first = (await client.call(
      "COPS.PUTAFTER",
      "v",
      "1",
      "CONTEXT",
      nothing,
      "FLOOR",
      "0",
      "VERSION",
      "none",
      "PXAT",
      "4000000000000",
    )) as number[];
    expect([first.length, first[0], first[6], first[7]]).toEqual([8, 1, 0, first[3]]);
    expect(await client.call("PEXPIRETIME", "v")).toBe(4_000_000_000_000);
    const version = first.slice(1, 4).join("/");
    const put = (value: string, text: string): Promise<unknown> =>
      client.call("COPS.PUTAFTER", "v", value, "CONTEXT", nothing, "FLOOR", "0", "VERSION", text);
    expect(await put("2", "none")).toEqual([0, ...first.slice(1, 5), expect.any(Number), 0, first[3]]);
    expect(await put("3", version)).toEqual(expect.arrayContaining([1]));
    const gone = (text: string): Promise<unknown> =>
      client.call("COPS.DELAFTER", "v", "CONTEXT", nothing, "FLOOR", "0", "VERSION", text);
    expect(await gone(version)).toEqual(expect.arrayContaining([0]));
    expect(await client.call("GET", "v")).toBe("3");
    expect(await client.error("COPS.PUTAFTER", "v", "1", "CONTEXT", nothing, "FLOOR", "0", "VERSION", "x")).toMatch(
      /^ERR version is not/,
    );
    expect(await client.error("COPS.PUTAFTER", "v", "1", "CONTEXT", nothing, "FLOOR", "0", "VERSION", "0", "NX")).toBe(
      "ERR syntax error",
    );
    expect(await client.error("COPS.PUTAFTER", "v", "1", "CONTEXT", nothing, "FLOOR", "0", "PXAT", "0")).toBe(
      "ERR invalid expire time in 'cops.putafter' command",
    );
  });

  it("apply a repeated request once", async () => {
    const command = ["COPS.PUTAFTER", "r", "1", "CONTEXT", nothing, "FLOOR", "0", "REQUEST", "client-1", "7", "7"];
    const first = (await client.call(...command)) as number[];
    const second = (await client.call(...command)) as number[];
    expect(second.slice(0, 5)).toEqual(first.slice(0, 5));
    expect(await client.error("COPS.PUTAFTER", "other", ...command.slice(2))).toMatch(/^STALEREQUEST/);
  });

  it("refuse contexts that are none, or name what the cluster has not", async () => {
    const put = (context: string) => client.error("COPS.PUTAFTER", "k", "v", "CONTEXT", context, "FLOOR", "0");
    for (const context of ["", "x", `${nothing}x`, contextOf(originOf(1, 0), 1), contextOf(originOf(0, 8), 1)]) {
      expect(await put(context)).toBe("ERR CONTEXT is not a context of this cluster");
    }
  });

  it("refuse what is missing, repeated or unknown", async () => {
    const put = (...rest: string[]) => client.error("COPS.PUTAFTER", "k", "v", ...rest);
    expect(await put("CONTEXT", nothing, "NX", "XX")).toBe("ERR syntax error");
    expect(await put("CONTEXT", nothing, "REQUEST", "c")).toBe("ERR syntax error");
    expect(await put("FLOOR", "1", "FLOOR", "1")).toBe("ERR syntax error");
    expect(await put("CONTEXT", nothing, "FLOOR", "0", "REQUEST", "c", "x", "1")).toMatch(/^ERR REQUEST is not/);
    expect(await client.error("COPS.DELAFTER", "k", "CONTEXT", nothing, "FLOOR", "0", "NX")).toBe("ERR syntax error");
    expect(await put("CONTEXT", nothing, "FLOOR", String(2 ** 52))).toMatch(/^CLOCKSKEW /);
  });
});
