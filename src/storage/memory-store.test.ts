import { describe, expect, it } from "vitest";
import { bytesOf, byteStringOf } from "../shared/bytes.ts";
import { StoreFailedError, StorageBusyError } from "./errors.ts";
import { MemoryStore } from "./memory-store.ts";
import { describeStoreConformance } from "./store-conformance.ts";
import type { StoreBatch } from "./store.ts";

function asMemoryStore(store: unknown): MemoryStore {
  if (!(store instanceof MemoryStore)) throw new Error("not a memory store");
  return store;
}

describeStoreConformance("memory store", async () => ({
  open: async () => new MemoryStore({ schedule: setImmediate }),
  restart: async (store) => asMemoryStore(store).crash(),
  setFull: (store, full) => asMemoryStore(store).setFull(full),
  dispose: () => Promise.resolve(),
}));

function putOf(key: string, value: string): StoreBatch {
  return { puts: [[key, bytesOf(value)]], deletes: [] };
}

async function valueOf(store: MemoryStore, key: string): Promise<string | undefined> {
  const [value] = await store.getMany([key]);
  return value && byteStringOf(value);
}

describe("the memory store in a simulated crash", () => {
  function storeWithHeldWrites(): { store: MemoryStore; held: (() => void)[]; run: () => void } {
    const held: (() => void)[] = [];
    let isHolding = true;
    const schedule = (complete: () => void): void => {
      if (isHolding) held.push(complete);
      else setImmediate(complete);
    };
    return { store: new MemoryStore({ schedule }), held, run: () => (isHolding = false) };
  }

  it("loses batches that are not synced, whole", async () => {
    const { store, run } = storeWithHeldWrites();
    void store.write(putOf("a", "lost"));
    expect(store.unsyncedBatches).toBe(1);
    run();
    expect(await valueOf(store.crash(), "a")).toBeUndefined();
  });

  it("may keep the oldest of them", async () => {
    const { store, run } = storeWithHeldWrites();
    void store.write(putOf("a", "kept"));
    void store.write(putOf("a", "lost"));
    run();
    expect(await valueOf(store.crash(1), "a")).toBe("kept");
  });

  it("fails for good when a sync fails", async () => {
    const { store, held } = storeWithHeldWrites();
    const writing = store.write(putOf("a", "1"));
    store.fail();
    held[0]?.();
    await expect(writing).rejects.toBeInstanceOf(StoreFailedError);
    await expect(store.write(putOf("a", "2"))).rejects.toBeInstanceOf(StoreFailedError);
  });

  it("bounds the writes that wait", async () => {
    const { store } = storeWithHeldWrites();
    for (let index = 0; index < 17; index++) void store.write(putOf("a", "1"));
    await expect(store.write(putOf("a", "1"))).rejects.toBeInstanceOf(StorageBusyError);
  });
});
