/*
 * Snapshots for tools (design, 3.5): all keys of this datacenter, or those with a prefix, as they were at one time, however
 * long it takes to walk them: a causal cut for a backup. Within bounds (docs/LIMITS.md): minutes, and bytes of what must be
 * kept for it.
 *
 *   open ──▶ every node pins what it shows ──▶ T, the greatest of their clocks: pinned at every node ──▶ the first pins go
 *   scan(id, cursor) ──▶ keys of records, from their owner's walk ──▶ what they showed at T
 *   close, or too long, or too much ──▶ the pins go; a scan is then told SNAPSHOTTOOOLD
 *
 * Why two steps: T must not lie before a node's pin. A write between the two over a record that was not read would hide what
 * was visible at T for good; from the first pin on such writes read it first.
 *
 * The cursor is that of SCAN: partition * 2^32 + hash, and needs no state.
 */
import type { NodeCore } from "../core/node-core.ts";
import type { Pin } from "../core/older-versions.ts";
import { nodeIdOf } from "../core/placement.ts";
import type { NodeId } from "../core/placement.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import { unixMsOfHybridTime } from "../protocol/hybrid-time.ts";
import type { SnapshotAnswer } from "../protocol/messages/snapshot.ts";
import type { Version } from "../protocol/version.ts";
import type { ByteString } from "../shared/bytes.ts";
import { hashEnd } from "./keyspace-walk.ts";
import type { KeyPage, KeyspaceWalk } from "./keyspace-walk.ts";
import { ReplyError } from "./resp/errors.ts";
import type { RespDriver } from "./resp/resp-driver.ts";

const callPin = "snapshot.pin";
const callUnpin = "snapshot.unpin";
const callKeys = "snapshot.keys";
const callMsMax = 10_000;
const partitionsPerStepMax = 64;
/** In the place of a pinned time. */
const refused = 0;

export interface PinnedEntry {
  readonly key: ByteString;
  readonly version: Version;
}

interface PinArguments {
  readonly id: string;
  /** Undefined for the first step: now. */
  readonly time?: HybridTime;
}

interface KeysArguments {
  readonly id: string;
  readonly partition: number;
  readonly from: number;
  readonly limit: number;
  readonly prefix: ByteString;
}

export class PinnedSnapshots {
  /** Of this node, by the snapshot's id. */
  private readonly pins = new Map<string, Pin>();
  private last = 0;
  private readonly core: NodeCore;
  private readonly driver: RespDriver;
  private readonly walk: KeyspaceWalk;

  constructor(driver: RespDriver, walk: KeyspaceWalk) {
    this.driver = driver;
    this.core = driver.core;
    this.walk = walk;
    driver.control.handle(callPin, (args) => this.pinHere(args as PinArguments));
    driver.control.handle(callUnpin, (args) => this.unpinHere((args as PinArguments).id));
    driver.control.handle(callKeys, (args) => this.keysHere(args as KeysArguments));
  }

  /** Answers the snapshot's id and its time. Rejects with ReplyError when it cannot be pinned at every node. */
  async open(): Promise<{ id: string; time: HybridTime }> {
    const { state } = this.core;
    const name = `${state.self}-${state.clock.told()}-${++this.last}`;
    try {
      const clocks = await this.onEachNode((node) => this.call<HybridTime>(node, callPin, { id: name }));
      if (clocks.includes(refused)) {
        throw new ReplyError("BUSY as many snapshots are pinned as may be, close one first", true);
      }
      const time = Math.max(...clocks);
      const pinned = await this.onEachNode((node) => this.call<HybridTime>(node, callPin, { id: name, time }));
      if (pinned.includes(refused)) {
        throw new ReplyError("BUSY the nodes' clocks are too far apart for a snapshot", true);
      }
      return { id: `${time}.${name}`, time };
    } catch (error) {
      await this.unpinEverywhere(name);
      throw error;
    }
  }

  /** About `limit` entries from `cursor` on; 0 as the next cursor says that there are no more. */
  async scan(
    id: string,
    cursor: number,
    limit: number,
    prefix: ByteString,
  ): Promise<{ cursor: number; entries: PinnedEntry[] }> {
    const { time, name } = parseId(id);
    const { partitions } = this.core.placement;
    let partition = Math.floor(cursor / hashEnd);
    let hash = cursor % hashEnd;
    const entries: PinnedEntry[] = [];
    for (let visited = 0; visited < partitionsPerStepMax && entries.length < limit;) {
      const args = { id: name, partition, from: hash, limit: limit - entries.length, prefix };
      const owner = this.core.placement.owner(this.core.state.datacenter, partition);
      const page = await this.call<KeyPage | null>(owner, callKeys, args);
      if (page === null) throw tooOld();
      for (const entry of await this.readAt(owner, page.keys, time)) entries.push(entry);
      hash = page.next;
      if (hash !== hashEnd) continue;
      hash = 0;
      partition++;
      visited++;
      if (partition === partitions) return { cursor: 0, entries };
    }
    return { cursor: partition * hashEnd + hash, entries };
  }

  async close(id: string): Promise<void> {
    await this.unpinEverywhere(parseId(id).name);
  }

  /** Those that hold anything at this node. */
  list(): { id: string; time: HybridTime; sinceMs: number; bytes: number }[] {
    this.dropBroken();
    return [...this.pins].map(([name, pin]) => ({
      id: `${pin.time}.${name}`,
      time: pin.time,
      sinceMs: this.core.state.timerMs - pin.sinceMs,
      bytes: pin.bytes,
    }));
  }

  private pinHere({ id, time }: PinArguments): HybridTime {
    this.driver.beginTurn();
    this.dropBroken();
    const { older } = this.core.state;
    const pin = this.core.pin(time);
    if (pin === undefined) return refused;
    const before = this.pins.get(id);
    if (before !== undefined) older.unpin(before);
    this.pins.set(id, pin);
    return pin.time;
  }

  private unpinHere(id: string): number {
    const pin = this.pins.get(id);
    this.pins.delete(id);
    if (pin !== undefined) this.core.state.older.unpin(pin);
    return pin === undefined ? 0 : 1;
  }

  /** Null where nothing is pinned any more. */
  private async keysHere({ id, partition, from, limit, prefix }: KeysArguments): Promise<KeyPage | null> {
    this.dropBroken();
    if (!this.pins.has(id)) return null;
    const page = await this.walk.pageOfRecords(partition, from, limit);
    return { keys: page.keys.filter((key) => key.startsWith(prefix)), next: page.next };
  }

  /** What ended before it was closed: too old, or too much was kept for it. */
  private dropBroken(): void {
    for (const [id, pin] of this.pins) if (!this.core.state.older.isPinned(pin)) this.pins.delete(id);
  }

  private async readAt(owner: NodeId, keys: readonly ByteString[], time: HybridTime): Promise<PinnedEntry[]> {
    if (keys.length === 0) return [];
    const answers = await new Promise<readonly SnapshotAnswer[]>((resolve, reject) => {
      const done = (found: readonly SnapshotAnswer[], failure: string | undefined): void => {
        if (failure === undefined) resolve(found);
        else if (failure === "SNAPSHOTTOOOLD") reject(tooOld());
        else reject(new ReplyError(`${failure} a part of the snapshot could not be read, try again`, true));
      };
      this.driver.beginTurn();
      const { core } = this;
      if (owner === core.state.self) core.snapshots.read(keys, 0, time, done);
      else {
        core.forwarding.snapshot(owner, 0, time, keys, (reply, failure) =>
          done(reply?.answers ?? [], reply === undefined ? failure : reply.failure),
        );
      }
    });
    const unixMs = unixMsOfHybridTime(time);
    const entries: PinnedEntry[] = [];
    for (const [i, key] of keys.entries()) {
      const version = answers[i]?.version;
      if (version?.isAlive(unixMs) === true) entries.push({ key, version });
    }
    return entries;
  }

  private async unpinEverywhere(id: string): Promise<void> {
    // A node that cannot be told lets it go by itself after a while.
    await Promise.allSettled(this.nodes().map((node) => this.call(node, callUnpin, { id })));
  }

  private onEachNode<T>(work: (node: NodeId) => Promise<T>): Promise<T[]> {
    return Promise.all(this.nodes().map(work));
  }

  private nodes(): NodeId[] {
    const { state, placement } = this.core;
    const count = placement.nodesOf[state.datacenter] as number;
    return Array.from({ length: count }, (_, i) => nodeIdOf(state.datacenter, i));
  }

  private call<T>(node: NodeId, name: string, args: object): Promise<T> {
    return this.driver.control.call(node, name, args, callMsMax) as Promise<T>;
  }
}

function tooOld(): ReplyError {
  return new ReplyError(
    "SNAPSHOTTOOOLD this snapshot is not kept any more: it was closed, a node restarted, or a limit was reached",
  );
}

/** Throws ReplyError. */
function parseId(id: string): { time: HybridTime; name: string } {
  const dot = id.indexOf(".");
  const time = Number(id.slice(0, dot));
  if (dot < 1 || !Number.isSafeInteger(time)) throw new ReplyError("ERR no snapshot has this id");
  return { time, name: id.slice(dot + 1) };
}
