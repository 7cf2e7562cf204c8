/*
 * What every adapter of the Store port keeps, as tests: call `describeStoreConformance` from the adapter's own test file.
 *
 * Order by bytes, batches whole or not at all, what was written is there after a restart; and a random history compared
 * with a map that is sorted anew for every question.
 */
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Bytes, ByteString } from "../shared/bytes.ts";
import { bytesOf, byteStringOf } from "../shared/bytes.ts";
import { StorageClosedError, StoreFullError } from "./errors.ts";
import type { Store } from "./store.ts";

export interface StoreHarness {
  /** A new, empty store. */
  open(): Promise<Store>;
  /** Ends the store and opens what is left. */
  restart(store: Store): Promise<Store>;
  /** Makes the store's disk full, or gives it room again. */
  setFull(store: Store, full: boolean): void;
  dispose(): Promise<void>;
}

type Entries = readonly (readonly [key: string, value: string])[];

const LAST_KEY: ByteString = "\xff".repeat(32);

async function put(store: Store, entries: Entries): Promise<void> {
  const puts = entries.map(([key, value]) => [key, bytesOf(value)] as const);
  await store.write({ puts, deletes: [] });
}

function textOf(value: Bytes | undefined): string | undefined {
  return value === undefined ? undefined : byteStringOf(value);
}

async function get(store: Store, ...keys: string[]): Promise<(string | undefined)[]> {
  return (await store.getMany(keys)).map(textOf);
}

async function rangeOf(
  store: Store,
  from: string,
  to: string,
  limit: number = 1000,
): Promise<[string, string | undefined][]> {
  return (await store.range(from, to, limit)).map(([key, value]) => [key, textOf(value)]);
}

const key: fc.Arbitrary<string> = fc
  .array(fc.constantFrom("\x00", "a", "b", "\x7f", "\x80", "\xff"), { maxLength: 4 })
  .map((parts) => parts.join(""));
const value: fc.Arbitrary<string> = fc.uint8Array({ maxLength: 20 }).map((bytes) => String.fromCharCode(...bytes));
const batch = fc.record({
  puts: fc.uniqueArray(fc.tuple(key, value), { selector: ([name]) => name, maxLength: 5 }),
  deletes: fc.uniqueArray(key, { maxLength: 3 }),
});

export function describeStoreConformance(name: string, makeHarness: () => Promise<StoreHarness>): void {
  describe(`the ${name} keeps the promises of the Store port`, () => {
    let harness: StoreHarness;
    let store: Store;

    beforeEach(async () => {
      harness = await makeHarness();
      store = await harness.open();
    });

    afterEach(async () => {
      await store.close();
      await harness.dispose();
    });

    it("begins empty", async () => {
      expect(await get(store, "a")).toEqual([undefined]);
      expect(await rangeOf(store, "", LAST_KEY)).toEqual([]);
    });

    it("answers one value per key, in the order asked, repeated keys too", async () => {
      await put(store, [
        ["a", "1"],
        ["b", "2"],
      ]);
      expect(await get(store, "b", "none", "a", "b")).toEqual(["2", undefined, "1", "2"]);
      expect(await get(store)).toEqual([]);
    });

    it("keeps every byte of keys and values, empty ones too", async () => {
      const everyByte = String.fromCharCode(...Array.from({ length: 256 }, (_, byte) => byte));
      await put(store, [
        [everyByte, "value"],
        ["key", everyByte],
        ["empty value", ""],
        ["", "empty key"],
      ]);
      expect(await get(store, everyByte, "key", "empty value", "")).toEqual(["value", everyByte, "", "empty key"]);
    });

    it("orders keys by their bytes", async () => {
      const keys = ["\x00", "a", "a\x00", "aa", "b", "\x7f", "\x80", "\xff"];
      await put(
        store,
        keys.toReversed().map((one) => [one, "v"] as const),
      );
      expect((await rangeOf(store, "", LAST_KEY)).map(([one]) => one)).toEqual(keys);
    });

    it("answers a range from its beginning up to before its end, within the limit", async () => {
      await put(
        store,
        ["a", "b", "c", "d"].map((one) => [one, one] as const),
      );
      expect(await rangeOf(store, "b", "d")).toEqual([
        ["b", "b"],
        ["c", "c"],
      ]);
      expect(await rangeOf(store, "a", "z", 1)).toEqual([["a", "a"]]);
      expect(await rangeOf(store, "bb", "bbb")).toEqual([]);
      expect(await rangeOf(store, "d", "a")).toEqual([]);
      expect(await rangeOf(store, "a", "z", 0)).toEqual([]);
    });

    it("deletes, also what is absent", async () => {
      await put(store, [["a", "1"]]);
      await store.write({ puts: [["b", bytesOf("2")]], deletes: ["a", "never there"] });
      expect(await get(store, "a", "b")).toEqual([undefined, "2"]);
      expect(await rangeOf(store, "", LAST_KEY)).toEqual([["b", "2"]]);
    });

    it("shows a batch whole or not at all", async () => {
      await put(store, [
        ["a", "old"],
        ["b", "old"],
      ]);
      const writing = put(store, [
        ["a", "new"],
        ["b", "new"],
      ]);
      const during = await get(store, "a", "b");
      expect(during[0]).toBe(during[1]);
      await writing;
      expect(await get(store, "a", "b")).toEqual(["new", "new"]);
    });

    it("applies batches in the order of their calls", async () => {
      await Promise.all(["1", "2", "3"].map((text) => put(store, [["a", text]])));
      expect(await get(store, "a")).toEqual(["3"]);
    });

    it("does not depend on what its caller does with a value afterwards", async () => {
      const given = bytesOf("as it was");
      await store.write({ puts: [["a", given]], deletes: [] });
      given.fill(0);
      expect(await get(store, "a")).toEqual(["as it was"]);
    });

    it("holds after a restart what was written", async () => {
      await put(store, [
        ["a", "1"],
        ["b", "2"],
      ]);
      await store.write({ puts: [], deletes: ["a"] });
      store = await harness.restart(store);
      expect(await rangeOf(store, "", LAST_KEY)).toEqual([["b", "2"]]);
    });

    it("refuses writes while the disk is full, reads on, and goes on when there is room", async () => {
      await put(store, [["a", "before"]]);
      harness.setFull(store, true);
      await expect(put(store, [["a", "refused"]])).rejects.toBeInstanceOf(StoreFullError);
      await expect(put(store, [["a", "refused"]])).rejects.toMatchObject({ retryable: true });
      expect(await get(store, "a")).toEqual(["before"]);
      harness.setFull(store, false);
      await put(store, [["a", "after"]]);
      expect(await get(store, "a")).toEqual(["after"]);
    });

    it("counts what it does", async () => {
      await put(store, [["a", "1"]]);
      await get(store, "a", "b");
      expect(store.stats()).toMatchObject({ batches: 1, reads: 2 });
    });

    it("refuses everything once closed, and may be closed twice", async () => {
      await store.close();
      await store.close();
      await expect(put(store, [["a", "late"]])).rejects.toBeInstanceOf(StorageClosedError);
      await expect(store.getMany(["a"])).rejects.toBeInstanceOf(StorageClosedError);
      await expect(store.range("a", "b", 1)).rejects.toBeInstanceOf(StorageClosedError);
    });

    it("answers as a sorted map would, whatever is written", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(batch, { maxLength: 5 }),
          key,
          key,
          fc.integer({ min: 1, max: 10 }),
          async (batches, from, to, limit) => {
            const everything = await store.range("", LAST_KEY, 1_000_000);
            await store.write({ puts: [], deletes: everything.map(([one]) => one) });
            const model = new Map<string, string>();
            for (const { puts, deletes } of batches) {
              const removed = deletes.filter((one) => !puts.some(([other]) => other === one));
              await store.write({
                puts: puts.map(([one, text]) => [one, bytesOf(text)]),
                deletes: removed,
              });
              for (const [one, text] of puts) model.set(one, text);
              for (const one of removed) model.delete(one);
            }
            const expected = [...model]
              .filter(([one]) => from <= one && one < to)
              .toSorted(([left], [right]) => (left < right ? -1 : 1));
            expect(await rangeOf(store, from, to, limit)).toEqual(expected.slice(0, limit));
            expect(await get(store, from, to)).toEqual([model.get(from), model.get(to)]);
          },
        ),
        { numRuns: 20 },
      );
    });
  });
}
