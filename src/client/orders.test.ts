import { describe, expect, it } from "vitest";
import type { TransactionWrite } from "./options.ts";
import { connected } from "./testing/connected.ts";
import { transactionBytesMax, transactionKeysMax } from "../shared/limits.ts";

const invalid = { code: "INVALID_ARGUMENT", retryable: false };

function puts(count: number): TransactionWrite[] {
  return Array.from({ length: count }, (_, i) => ({ kind: "put", key: `k${i}`, value: "x" }));
}

describe("a transaction", () => {
  it("takes as many keys as the limit says, and not one more", async () => {
    const { time, client } = await connected();
    const keys = puts(transactionKeysMax + 1).map(({ key }) => key);
    const tooMany = { ...invalid, reason: "4097 keys, a transaction takes 4096 at most" };
    await expect(client.putTrans(puts(transactionKeysMax + 1))).rejects.toMatchObject({
      ...tooMany,
      argument: "writes",
    });
    await expect(client.getTrans(keys)).rejects.toMatchObject({ ...tooMany, argument: "keys" });
    expect(client.figures.operations).toBe(0);
    expect(await time.until(client.putTrans(puts(transactionKeysMax)))).toMatchObject({ written: true });
    expect(await time.until(client.getTrans(keys.slice(1)))).toHaveLength(transactionKeysMax);
  });

  it("takes as many bytes as the limit says, and not one more", async () => {
    const { client } = await connected();
    const half = new Uint8Array(transactionBytesMax / 2);
    const writes: TransactionWrite[] = [
      { kind: "put", key: "a", value: half },
      { kind: "put", key: "b", value: half.subarray(1) },
    ];
    const reason = "more than 16777216 bytes of keys and values in one transaction";
    await expect(client.putTrans(writes)).rejects.toMatchObject({ ...invalid, argument: "writes", reason });
    const long = "k".repeat(65_000);
    const keys = Array.from({ length: 300 }, (_, i) => `${i}${long}`);
    await expect(client.getTrans(keys)).rejects.toMatchObject({ ...invalid, argument: "keys" });
    expect(client.figures.operations).toBe(0);
  });

  it("writes no key twice, whether as text or as bytes", async () => {
    const { client } = await connected();
    const writes: TransactionWrite[] = [
      { kind: "put", key: "a", value: "1" },
      { kind: "put", key: "b", value: "1" },
      { kind: "delete", key: Buffer.from("a") },
    ];
    await expect(client.putTrans(writes)).rejects.toMatchObject({
      ...invalid,
      argument: "writes[2].key",
      reason: "is written twice",
    });
  });

  it("says which of its writes makes no sense", async () => {
    const { client } = await connected();
    const put = { kind: "put", key: "a", value: "1" } as const;
    const cases: [unknown, string][] = [
      [[], "writes"],
      ["a", "writes"],
      [[put, undefined], "writes[1]"],
      [[{ ...put, kind: "incr" }], "writes[0].kind"],
      [[{ ...put, key: 7 }], "writes[0].key"],
      [[{ kind: "put", key: "a" }], "writes[0].value"],
      [[{ ...put, ifAbsent: true, ifPresent: true }], "writes[0].ifAbsent"],
      [[{ ...put, ifVersion: "1/0/0" }], "writes[0].ifVersion"],
      [[{ ...put, ttlMs: 0 }], "writes[0].ttlMs"],
    ];
    for (const [writes, argument] of cases) {
      await expect(client.putTrans(writes as TransactionWrite[])).rejects.toMatchObject({ ...invalid, argument });
    }
    await expect(client.getTrans([])).rejects.toMatchObject({ ...invalid, argument: "keys" });
    await expect(client.getTrans(["a", 7 as unknown as string])).rejects.toMatchObject({ argument: "keys[1]" });
    expect(client.figures.operations).toBe(0);
  });
});

describe("an expiry", () => {
  it("is a time, or a while from the call on; repetitions do not prolong it", async () => {
    const { time, datacenter, client } = await connected();
    const { current } = datacenter.store;
    const atMs = time.unixMs() + 60_000;
    await time.until(client.put("a", "1", undefined, { expiresAt: new Date(atMs) }));
    await time.until(client.put("b", "1", undefined, { expiresAt: atMs }));
    expect([current.get("a")?.expiryUnixMs, current.get("b")?.expiryUnixMs]).toEqual([atMs, atMs]);
    let lost = false;
    datacenter.ownerOf("c").onCommand = () => {
      if (lost) return undefined;
      lost = true;
      return { kind: "lost before" };
    };
    const calledAtMs = time.unixMs();
    await time.until(client.putTrans([{ kind: "put", key: "c", value: "1", ttlMs: 500 }]));
    expect(current.get("c")?.expiryUnixMs).toBe(calledAtMs + 500);
    await time.until(client.put("a", "2"));
    expect(current.get("a")?.expiryUnixMs).toBe(0);
  });

  it("is told by reads, and what has expired is read as nothing, with its dot", async () => {
    const { time, client } = await connected();
    const put = await time.until(client.put("a", "1", undefined, { ttlMs: 1_000 }));
    const before = await time.until(client.getVersioned("a"));
    expect(before.text).toBe("1");
    expect(before.expiryUnixMs).toBeGreaterThan(time.unixMs());
    await time.run(1_000);
    const { values } = await time.until(client.getTransVersioned(["a", "b"]));
    expect(values[0]).toMatchObject({
      text: null,
      tombstone: true,
      expiryUnixMs: before.expiryUnixMs,
      versionText: "none",
      write: put.written ? put.write : null,
    });
    expect(values[1]).toMatchObject({ write: null, expiryUnixMs: null });
    expect(await time.until(client.put("a", "2", undefined, { ifAbsent: true }))).toMatchObject({ written: true });
  });

  it("that makes no sense is refused", async () => {
    const { client } = await connected();
    const put = (options: object): Promise<unknown> => client.put("a", "1", undefined, options);
    await expect(put({ ttlMs: 1, expiresAt: 1 })).rejects.toMatchObject({ ...invalid, argument: "expiresAt" });
    for (const ttlMs of [0, -1, 1.5, Number.NaN, 2 ** 53]) {
      await expect(put({ ttlMs })).rejects.toMatchObject({ ...invalid, argument: "ttlMs" });
    }
    for (const expiresAt of [0, -1, new Date(Number.NaN), 9e15]) {
      await expect(put({ expiresAt })).rejects.toMatchObject({ ...invalid, argument: "expiresAt" });
    }
  });
});

describe("a write of what was read", () => {
  it("succeeds while nobody has written in between", async () => {
    const { time, datacenter, client } = await connected();
    const first = await time.until(client.put("a", "1", undefined, { ifVersion: "none" }));
    const read = await time.until(client.getVersioned("a"));
    expect(read.versionText).toBe(first.written ? first.write.versionText : "");
    const second = client.put("a", "2", undefined, { ifVersion: read.versionText });
    expect(await time.until(second)).toMatchObject({ written: true });
    const third = await time.until(client.put("a", "3", undefined, { ifVersion: read.versionText }));
    expect(third).toMatchObject({ written: false, found: { version: { time: expect.any(Number) as number } } });
    expect(third.written ? null : third.found?.versionText).not.toBe(read.versionText);
    expect(await time.until(client.delete("a", undefined, { ifVersion: read.versionText }))).toMatchObject({
      written: false,
    });
    datacenter.store.expire("a", time.unixMs() + 60_000);
    const now = await time.until(client.getVersioned("a"));
    expect(await time.until(client.delete("a", undefined, { ifVersion: now.versionText }))).toMatchObject({
      written: true,
    });
    expect((await time.until(client.getVersioned("a"))).versionText).toBe("none");
    expect(await time.until(client.put("a", "4", undefined, { ifVersion: "none" }))).toMatchObject({ written: true });
  });

  it("that was lost on the way is judged once", async () => {
    const { time, datacenter, client } = await connected();
    await time.until(client.put("a", "1"));
    const { versionText } = await time.until(client.getVersioned("a"));
    let lost = false;
    datacenter.ownerOf("a").onCommand = () => {
      if (lost) return undefined;
      lost = true;
      return { kind: "lost after" };
    };
    const put = client.put("a", "2", undefined, { ifVersion: versionText });
    expect(await time.until(put)).toMatchObject({ written: true });
    expect(datacenter.store.history).toHaveLength(2);
  });

  it("names a version by its text, and has no other condition beside it", async () => {
    const { client } = await connected();
    for (const ifVersion of ["", "1", "1/2", "1/2/3/4", "x/0/0", "-1/0/0"]) {
      const put = client.put("a", "1", undefined, { ifVersion });
      await expect(put).rejects.toMatchObject({ ...invalid, argument: "ifVersion" });
    }
    const both = client.put("a", "1", undefined, { ifVersion: "none", ifPresent: true });
    await expect(both).rejects.toMatchObject({ ...invalid, argument: "ifVersion" });
    const removal = client.delete("a", undefined, { ifVersion: "none", ifPresent: true });
    await expect(removal).rejects.toMatchObject({ ...invalid, argument: "ifVersion" });
  });
});
