/*
 * A write of a transaction on one key, prepared and not decided here (design, 3.6). It hangs on the key's record until its
 * commit is durable, or it is dropped.
 *
 * `time` is that of the prepare's entry: the transaction's time will be greater. What may be told of the key up to a time at
 * or above it needs to know the outcome. What the coordinator itself holds back has no such time: it decides above everything
 * that it has told.
 */
import type { KeyRecord } from "./key-record.ts";
import type { Partition } from "./partition.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import type { Version } from "../protocol/version.ts";
import type { Write } from "../protocol/write.ts";

export class PreparedWrite {
  readonly transaction: string;
  readonly partition: Partition;
  readonly record: KeyRecord;
  readonly time: HybridTime;
  /** It was judged: what is there must stay until it is decided. */
  readonly holds: boolean;
  /** What will be written; of the own datacenter still without time, seq and the transaction's seq. */
  readonly write: Write;
  /** What it was judged against or replaces, where it matters. */
  readonly old: Version | undefined;

  constructor(
    transaction: string,
    partition: Partition,
    record: KeyRecord,
    time: HybridTime,
    holds: boolean,
    write: Write,
    old: Version | undefined,
  ) {
    this.transaction = transaction;
    this.partition = partition;
    this.record = record;
    this.time = time;
    this.holds = holds;
    this.write = write;
    this.old = old;
  }

  /** From now on the key is not without it. */
  attach(): void {
    const { record } = this;
    record.pins++;
    if (record.prepared === undefined) record.prepared = [this];
    else record.prepared.push(this);
  }

  detach(): void {
    const { record } = this;
    const others = record.prepared?.filter((other) => other !== this) ?? [];
    if (others.length === record.prepared?.length) return;
    record.pins--;
    record.prepared = others.length === 0 ? undefined : others;
  }
}

/** The smallest time of what is prepared on a record; infinity where nothing is. */
export function oldestPrepared(record: KeyRecord): HybridTime {
  let oldest = Number.POSITIVE_INFINITY;
  if (record.prepared !== undefined) for (const { time } of record.prepared) oldest = Math.min(oldest, time);
  return oldest;
}

/** Whether a transaction was judged against what is there and is not decided: then that stays, and others queue behind. */
export function isHeld({ prepared }: KeyRecord): boolean {
  return prepared !== undefined && prepared.some(({ holds }) => holds);
}
