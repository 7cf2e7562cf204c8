/*
 * What the head has put into the log and what is to be done once it is durable: one class for each kind of entry, and one
 * for answers that wrote nothing but rest on entries which are not durable yet.
 */
import type { HybridClock } from "./clock.ts";
import type { KeyRecord } from "./key-record.ts";
import type { NodeState } from "./node-state.ts";
import type { OperationSink } from "./operations.ts";
import type { Partition } from "./partition.ts";
import type { Proposal } from "./proposals.ts";
import type { Tail } from "./tail.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import { datacenterOf } from "../protocol/version.ts";
import type { Version } from "../protocol/version.ts";

export class PutProposal implements Proposal {
  lsn = 0;
  private readonly tail: Tail;
  private readonly partition: Partition;
  private readonly record: KeyRecord;
  private readonly version: Version;
  private readonly old: Version | undefined;
  private readonly sink: OperationSink;
  private readonly tag: number;

  constructor(
    tail: Tail,
    partition: Partition,
    record: KeyRecord,
    version: Version,
    old: Version | undefined,
    sink: OperationSink,
    tag: number,
  ) {
    this.tail = tail;
    this.partition = partition;
    this.record = record;
    this.version = version;
    this.old = old;
    this.sink = sink;
    this.tag = tag;
  }

  commit(): void {
    const { version, partition, tail } = this;
    const { dotSeq: seq, touch } = version;
    // Its time is above every one before it in the log; that of an effect on an expiry is its value's.
    tail.applyVersion(this.record, version, touch === undefined);
    tail.seqsApplied(partition, datacenterOf(version.dotOrigin), seq, seq, version.index);
    this.sink.writeDone(this.tag, version, this.old);
  }
}

export class ApplyProposal implements Proposal {
  lsn = 0;
  private readonly state: NodeState;
  private readonly tail: Tail;
  private readonly partition: Partition;
  private readonly record: KeyRecord;
  private readonly version: Version;
  /** The dot of the write, of this partition. */
  private readonly datacenter: number;
  private readonly seq: number;

  constructor(
    state: NodeState,
    tail: Tail,
    partition: Partition,
    record: KeyRecord,
    version: Version,
    datacenter: number,
    seq: number,
  ) {
    this.state = state;
    this.tail = tail;
    this.partition = partition;
    this.record = record;
    this.version = version;
    this.datacenter = datacenter;
    this.seq = seq;
  }

  commit(): void {
    const version = this.version;
    this.state.counters.writesApplied++;
    if (!this.tail.applyVersion(this.record, version)) this.state.counters.writesBeaten++;
    this.tail.seqsApplied(this.partition, this.datacenter, this.seq, this.seq, version.index);
  }
}

export class HoleProposal implements Proposal {
  lsn = 0;
  private readonly tail: Tail;
  private readonly partition: Partition;
  private readonly datacenter: number;
  private readonly from: number;
  private readonly to: number;
  private readonly index: number;

  constructor(tail: Tail, partition: Partition, datacenter: number, from: number, to: number) {
    this.tail = tail;
    this.partition = partition;
    this.datacenter = datacenter;
    this.from = from;
    this.to = to;
    this.index = partition.index;
  }

  commit(): void {
    this.tail.seqsApplied(this.partition, this.datacenter, this.from, this.to, this.index);
  }
}

export class ReserveProposal implements Proposal {
  lsn = 0;
  private readonly clock: HybridClock;
  private readonly bound: HybridTime;

  constructor(clock: HybridClock, bound: HybridTime) {
    this.clock = clock;
    this.bound = bound;
  }

  commit(): void {
    this.clock.reserveDurable(this.bound);
  }
}

/** An answer that rests on entries of others: a condition that failed, a request that was repeated. */
export class AnswerProposal implements Proposal {
  lsn = 0;
  private readonly sink: OperationSink;
  private readonly tag: number;
  private readonly version: Version | undefined;
  private readonly old: Version | undefined;

  constructor(sink: OperationSink, tag: number, version: Version | undefined, old: Version | undefined) {
    this.sink = sink;
    this.tag = tag;
    this.version = version;
    this.old = old;
  }

  commit(): void {
    this.sink.writeDone(this.tag, this.version, this.old);
  }
}
