import { afterEach, describe, expect, it } from "vitest";
import { hashEnd } from "./keyspace-walk.ts";
import { startMemoryNode } from "./resp/testing/memory-node.ts";
import type { MemoryNode } from "./resp/testing/memory-node.ts";
import { clientOf } from "./resp/testing/raw-client.ts";
import { Placement } from "../core/placement.ts";
import type { Bytes, ByteString } from "../shared/bytes.ts";
import { MemoryStore } from "../storage/memory-store.ts";

/** A store that lets a test do something between reading a range and answering it, and holds batches back. */
class InterruptedStore extends MemoryStore {
  afterRange: () => Promise<void> = async () => undefined;
  beforeWrite: () => Promise<void> = async () => undefined;

  constructor() {
    super({ schedule: setImmediate });
  }

  override async range(from: ByteString, to: ByteString, limit: number): Promise<[ByteString, Bytes][]> {
    const found = await super.range(from, to, limit);
    await this.afterRange();
    return found;
  }

  override async write(batch: Parameters<MemoryStore["write"]>[0]): Promise<void> {
    await this.beforeWrite();
    await super.write(batch);
  }
}

let node: MemoryNode;

async function startWith(...keys: string[]): Promise<InterruptedStore> {
  const store = new InterruptedStore();
  node = await startMemoryNode({ store, placement: new Placement([1], 1) });
  const client = clientOf(node);
  if (keys.length > 0) await client.call("MSET", ...keys.flatMap((key) => [key, "v"]));
  client.close();
  return store;
}

function pageFrom(from: number, limit = 100): Promise<{ readonly keys: ByteString[]; readonly next: number }> {
  return node.server.services.keyspace.walk.page(0, from, limit);
}

afterEach(() => node.close());

describe("a page of a walk", () => {
  it("has a key that goes from memory to the store just after the store was read", async () => {
    const store = await startWith("a", "b");
    store.afterRange = () => node.forgetMemory();
    const page = await pageFrom(0);
    expect(page.keys.toSorted()).toEqual(["a", "b"]);
    expect(page.next).toBe(hashEnd);
  });

  it("leaves out a key that is deleted, checkpointed and out of memory just after the store was read", async () => {
    const store = await startWith("a", "b");
    store.afterRange = async () => {
      const client = clientOf(node);
      await client.call("DEL", "a");
      client.close();
      await node.forgetMemory();
    };
    expect((await pageFrom(0)).keys).toEqual(["b"]);
  });

  it("has a key whose batch is on its way to the store", async () => {
    const store = await startWith("a");
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const checkpoint = new Promise<void>((resolve) => {
      store.beforeWrite = () => {
        resolve();
        return held;
      };
    });
    const done = node.driver.checkpointer.takeNow();
    await checkpoint;
    expect((await pageFrom(0)).keys).toEqual(["a"]);
    release();
    store.beforeWrite = async () => undefined;
    await done;
  });

  it("has a key that was checkpointed since the walk entered the partition, also when it is dirty again", async () => {
    await startWith(...Array.from({ length: 50 }, (_, i) => `k${i}`));
    const first = await pageFrom(0, 10);
    await node.forgetMemory();
    const client = clientOf(node);
    await client.call("MSET", ...Array.from({ length: 50 }, (_, i) => [`k${i}`, "again"]).flat());
    client.close();
    const rest = await pageFrom(first.next);
    expect(new Set([...first.keys, ...rest.keys]).size).toBe(50);
  });

  it("ends where its keys become many bytes", async () => {
    const keys = Array.from({ length: 20 }, (_, i) => `${i}`.padEnd(40_000, "x"));
    await startWith(...keys);
    const first = await pageFrom(0);
    expect(first.keys.length).toBeLessThan(20);
    const found = [...first.keys];
    for (let { next } = first; next !== hashEnd;) {
      const page = await pageFrom(next);
      found.push(...page.keys);
      next = page.next;
    }
    expect(found.toSorted()).toEqual(keys.toSorted());
  });

  it("of large values asks the store for few at a time", async () => {
    const store = await startWith();
    const client = clientOf(node);
    for (let i = 0; i < 12; i++) await client.call("SET", `k${i}`, "v".repeat(400_000));
    client.close();
    await node.forgetMemory();
    const asked: number[] = [];
    const range = store.range.bind(store);
    store.range = (from, to, limit) => {
      asked.push(limit);
      return range(from, to, limit);
    };
    const found: string[] = [];
    for (let from = 0; from !== hashEnd;) {
      const page = await pageFrom(from);
      found.push(...page.keys);
      from = page.next;
    }
    expect(found).toHaveLength(12);
    // The first page learns how large they are.
    const second = await pageFrom(0);
    expect(second.keys.length).toBeLessThanOrEqual(3);
    expect(Math.max(...asked)).toBeLessThanOrEqual(1024);
  });
});
