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

describe("COPS.CAS", () => {
  it("writes where the key shows exactly this version, and answers the version that is there", async () => {
    const [written, first] = (await client.call("COPS.CAS", "k", "none", "1")) as [number, string];
    expect([written, first]).toEqual([1, expect.stringMatching(/^\d+\/0\/\d+$/)]);
    expect(await client.call("COPS.CAS", "k", "0", "2")).toEqual([0, first]);
    const [again, second] = (await client.call("COPS.CAS", "k", first, "3")) as [number, string];
    expect([again, second === first]).toEqual([1, false]);
    expect(await client.call("COPS.CAS", "k", first, "4")).toEqual([0, second]);
    expect(await client.call("GET", "k")).toBe("3");
  });

  it("takes what COPS.GETVER tells, of an absent key too", async () => {
    const never = (await client.call("COPS.GETVER", "g")) as number[];
    expect(await client.call("COPS.CAS", "g", never.slice(1, 4).join("/"), "1")).toEqual([1, expect.any(String)]);
    const there = (await client.call("COPS.GETVER", "g")) as number[];
    expect(await client.call("COPS.CAS", "g", there.slice(1, 4).join("/"), "2")).toEqual([1, expect.any(String)]);
    await client.call("DEL", "g");
    expect(await client.call("COPS.CAS", "g", there.slice(1, 4).join("/"), "3")).toEqual([0, "none"]);
    expect(await client.call("COPS.CAS", "g", "none", "4")).toEqual([1, expect.any(String)]);
  });

  it("sets, keeps and ends an expiry", async () => {
    const [, first] = (await client.call("COPS.CAS", "e", "none", "1", "EX", "100")) as [number, string];
    const [, second] = (await client.call("COPS.CAS", "e", first, "2", "KEEPTTL")) as [number, string];
    expect(await client.call("TTL", "e")).toBe(100);
    expect(await client.pipeline(["COPS.CAS", "e", second, "3"], ["TTL", "e"])).toEqual([[1, expect.any(String)], -1]);
  });

  it("goes by the value: another expiry is no other version", async () => {
    const [, first] = (await client.call("COPS.CAS", "x", "none", "1")) as [number, string];
    expect(await client.pipeline(["EXPIRE", "x", "100"], ["COPS.CAS", "x", first, "2"])).toEqual([
      1,
      [1, expect.any(String)],
    ]);
  });

  it("refuses what is no version", async () => {
    for (const version of ["", "x", "1/2", "1/2/3/4", "-1/0/0", "1/64/0", "99999999999999999/0/0"]) {
      expect(await client.error("COPS.CAS", "k", version, "v")).toBe(
        "ERR version is not 'time/datacenter/partition' or 'none'",
      );
    }
    expect(await client.error("COPS.CAS", "k", "none", "v", "NX")).toBe("ERR syntax error");
    expect(await client.error("COPS.CAS", "k", "none", "v", "EX", "0")).toBe(
      "ERR invalid expire time in 'cops.cas' command",
    );
  });
});
