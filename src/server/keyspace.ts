/*
 * All keys of this datacenter, whichever nodes own them: SCAN, KEYS, DBSIZE, RANDOMKEY, FLUSHALL. A partition is walked by
 * its owner (keyspace-walk.ts); other nodes are asked through the control channel.
 *
 * The cursor of a scan is the place in the order of (partition, hash) where it goes on: partition * 2^32 + hash. It needs no
 * state anywhere, so it survives restarts and may be presented to any node; 0 is the start, and says at the end that there
 * is no more. It is a safe integer for every number of partitions that is allowed.
 *
 * None of this reads values, and none of it enters a session's context: it tells what is there, not what was written.
 */
import type { Context } from "../core/context.ts";
import type { NodeCore } from "../core/node-core.ts";
import { nodeIdOf } from "../core/placement.ts";
import type { NodeId } from "../core/placement.ts";
import type { ByteString } from "../shared/bytes.ts";
import { flushPage } from "./keyspace-flush.ts";
import type { FlushedPage, SeenByFlush } from "./keyspace-flush.ts";
import { hashEnd, KeyspaceWalk } from "./keyspace-walk.ts";
import type { KeyPage } from "./keyspace-walk.ts";
import type { RespDriver } from "./resp/resp-driver.ts";

/** Partitions that one step of a scan looks through at most: beyond it the step ends, perhaps without a key. */
const partitionsPerStepMax = 64;
const countPageKeys = 4096;
const randomPageKeys = 16;
const pageTimeoutMs = 5_000;
const partitionTimeoutMs = 60_000;
const callPage = "keyspace.page";
const callCount = "keyspace.count";
const callRandom = "keyspace.random";
const callFlush = "keyspace.flush";

interface PageArguments {
  readonly partition: number;
  readonly from: number;
  readonly limit: number;
}

interface FlushArguments {
  readonly partition: number;
  readonly from: number;
  readonly seen: SeenByFlush;
}

export class Keyspace {
  readonly walk: KeyspaceWalk;
  /** The last count of all keys and when it was taken, for INFO. */
  lastCount: { readonly keys: number; readonly atMs: number } | undefined;
  private readonly core: NodeCore;
  private readonly driver: RespDriver;

  constructor(driver: RespDriver) {
    this.driver = driver;
    this.core = driver.core;
    this.walk = new KeyspaceWalk(driver.core, driver.store);
    const { control } = driver;
    // Nodes of one cluster prove to each other who they are, and speak one version: arguments are what we sent.
    control.handle(callPage, (args) => {
      const { partition, from, limit } = args as PageArguments;
      return this.walk.page(partition, from, limit);
    });
    control.handle(callCount, (args) => this.countHere((args as { partition: number }).partition));
    control.handle(callRandom, () => this.randomHere());
    control.handle(callFlush, (args) => {
      const { partition, from, seen } = args as FlushArguments;
      return flushPage(driver, this.walk, partition, from, seen);
    });
  }

  get partitions(): number {
    return this.core.placement.partitions;
  }

  /** About `count` keys from `cursor` on. */
  async scan(cursor: number, count: number): Promise<{ cursor: number; keys: ByteString[] }> {
    let partition = Math.floor(cursor / hashEnd);
    let hash = cursor % hashEnd;
    const keys: ByteString[] = [];
    for (let visited = 0; visited < partitionsPerStepMax && keys.length < count;) {
      const page = await this.page(partition, hash, count - keys.length);
      for (const key of page.keys) keys.push(key);
      hash = page.next;
      if (hash !== hashEnd) continue;
      hash = 0;
      partition++;
      visited++;
      if (partition === this.partitions) return { cursor: 0, keys };
    }
    return { cursor: partition * hashEnd + hash, keys };
  }

  /** Every key once, in pages; `visit` answers whether to go on. */
  async forEach(visit: (keys: readonly ByteString[]) => boolean): Promise<void> {
    for (let cursor = 0; ;) {
      const step = await this.scan(cursor, countPageKeys);
      if (!visit(step.keys) || step.cursor === 0) return;
      cursor = step.cursor;
    }
  }

  /** How many keys there are: counted, one partition of each node at a time, all nodes at once. */
  async count(): Promise<number> {
    const counts = await this.onEachNode(async (owner, partitions) => {
      let keys = 0;
      for (const partition of partitions) {
        keys += (await this.driver.control.call(owner, callCount, { partition }, partitionTimeoutMs)) as number;
      }
      return keys;
    });
    const keys = counts.reduce((sum, count) => sum + count, 0);
    this.lastCount = { keys, atMs: Date.now() };
    return keys;
  }

  /** Some key, or undefined when there is none. Each has a chance; keys behind gaps in the order of hashes a greater one. */
  async random(): Promise<ByteString | undefined> {
    const { state, placement } = this.core;
    const nodes = placement.nodesOf[state.datacenter] as number;
    const first = Math.floor(Math.random() * Math.min(nodes, placement.partitions));
    for (let i = 0; i < nodes; i++) {
      const node = nodeIdOf(state.datacenter, (first + i) % nodes);
      const key = (await this.driver.control.call(node, callRandom, {}, partitionTimeoutMs)) as ByteString | null;
      if (key !== null) return key;
    }
    return undefined;
  }

  /**
   * Deletes every key that is visible while the walk passes. Owners delete their own, all nodes at once, each as a session
   * that had seen what `context` has; what they did then joins `context`. Answers how many keys were deleted.
   */
  async flush(context: Context): Promise<number> {
    const seen = { dependencies: context.dependencies(), floor: context.floor };
    const results = await this.onEachNode(async (owner, partitions) => {
      let deleted = 0;
      let last: SeenByFlush = seen;
      for (const partition of partitions) {
        for (let from = 0; from !== hashEnd;) {
          const args: FlushArguments = { partition, from, seen: last };
          const page = (await this.driver.control.call(owner, callFlush, args, partitionTimeoutMs)) as FlushedPage;
          deleted += page.deleted;
          from = page.next;
          last = page.seen;
        }
      }
      return { deleted, last };
    });
    for (const { last } of results) context.merge(last.dependencies, last.floor);
    return results.reduce((sum, { deleted }) => sum + deleted, 0);
  }

  private page(partition: number, from: number, limit: number): Promise<KeyPage> {
    const { state, placement } = this.core;
    const owner = placement.owner(state.datacenter, partition);
    if (owner === state.self) return this.walk.page(partition, from, limit);
    const args: PageArguments = { partition, from, limit };
    return this.driver.control.call(owner, callPage, args, pageTimeoutMs) as Promise<KeyPage>;
  }

  private onEachNode<T>(work: (owner: NodeId, partitions: readonly number[]) => Promise<T>): Promise<T[]> {
    const { state, placement } = this.core;
    const nodes = Array.from({ length: placement.nodesOf[state.datacenter] as number }, (_, i) =>
      nodeIdOf(state.datacenter, i),
    );
    return Promise.all(nodes.map((node) => work(node, placement.partitionsOf(node))));
  }

  private async countHere(partition: number): Promise<number> {
    let keys = 0;
    for (let from = 0; from !== hashEnd;) {
      const page = await this.walk.page(partition, from, countPageKeys);
      keys += page.keys.length;
      from = page.next;
    }
    return keys;
  }

  /** From a random place on, around: JSON has no undefined, so null when this node has no key. */
  private async randomHere(): Promise<ByteString | null> {
    const partitions = this.core.placement.partitionsOf(this.core.state.self);
    const first = Math.floor(Math.random() * partitions.length);
    for (let i = 0; i <= partitions.length; i++) {
      const partition = partitions[(first + i) % partitions.length];
      if (partition === undefined) return null;
      let from = i === 0 ? Math.floor(Math.random() * hashEnd) : 0;
      while (from !== hashEnd) {
        const page = await this.walk.page(partition, from, randomPageKeys);
        if (page.keys.length > 0) return page.keys[Math.floor(Math.random() * page.keys.length)] as ByteString;
        from = page.next;
      }
    }
    return null;
  }
}
