/*
 * The head of this node's partitions: gives every change its index, visible time and, for a client's write, version and
 * dot, and puts it into the log (design, 3.1 to 3.3).
 *
 *   put    judged ──▶ proposed (version, dot, entry) ──durable──▶ applied, answered       (head-proposals.ts, tail.ts)
 *   apply  (dependencies hold) ──▶ proposed ──durable──▶ applied: visible, or beaten and still counted
 *   hole   proposed ──durable──▶ counted as applied
 *
 * Keeps invariants 2 and 3. Why a put need not read the old record: the node's clock has passed every version that it
 * proposed before, so the new version is greater than all of them.
 */
import { failureOf } from "./failure.ts";
import type { FailureCode } from "./failure.ts";
import { AnswerProposal, ApplyProposal, HoleProposal, PutProposal, ReserveProposal } from "./head-proposals.ts";
import type { KeyRecord } from "./key-record.ts";
import type { LoadWaiter, NodeState } from "./node-state.ts";
import {
  conditionHolds,
  expiryAfter,
  judgedAgainst,
  looksAtRecord,
  needsRecord,
  observedAt,
  touchedVersion,
} from "./judgement.ts";
import type { OperationSink } from "./operations.ts";
import type { Partition } from "./partition.ts";
import type { PreparedWrite } from "./prepared-write.ts";
import { Requests } from "./requests.ts";
import type { AnsweredRequest } from "./requests.ts";
import type { Tail } from "./tail.ts";
import { untilFree } from "./transactions/settling.ts";
import type { SettleWaiter } from "./transactions/settling.ts";
import { invariant } from "../shared/assert.ts";
import { dependenciesMax, dirtyBytesMax, maxSkewMs, seqReserveAhead } from "../shared/limits.ts";
import type { Dependencies } from "../protocol/dependencies.ts";
import {
  beginEntry,
  encodeHole,
  endEntry,
  entryApply,
  entryHole,
  entryPut,
  entryReserve,
} from "../protocol/log-entry.ts";
import type { Hole } from "../protocol/log-entry.ts";
import { ticksPerMs } from "../protocol/hybrid-time.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import { isJudged } from "../protocol/messages/forward.ts";
import type { WriteRequest } from "../protocol/messages/forward.ts";
import { effectExpire, Version } from "../protocol/version.ts";
import type { VersionName } from "../protocol/version.ts";
import { encodeWrite } from "../protocol/write.ts";
import type { Write } from "../protocol/write.ts";

/** Told when seqs of an origin enter the log, in its order. */
export type ProposedListener = (partition: Partition, datacenter: number, from: number, to: number) => void;

export class Head {
  readonly requests: Requests = new Requests();
  /** No sequence number of any partition here is above this before the next reserve is in the log. */
  private seqReserved = 0;
  /** Whether this node's clock is ahead of most peers by more than the allowed skew: then it orders nothing. */
  clockIsAhead = false;
  private readonly state: NodeState;
  private readonly tail: Tail;
  private readonly onProposed: ProposedListener;

  constructor(state: NodeState, tail: Tail, onProposed: ProposedListener) {
    this.state = state;
    this.tail = tail;
    this.onProposed = onProposed;
  }

  /** Whether a write may be proposed now; if not, the caller tries again after the next durable frame or checkpoint. */
  get canPropose(): boolean {
    return !this.state.proposals.full && this.state.dirtyBytes < dirtyBytesMax;
  }

  /** Why a client's write is refused for now; undefined when it is not. */
  refusal(floor: HybridTime): FailureCode | undefined {
    if (this.state.writesRefused !== undefined) return "READONLY";
    if (this.clockIsAhead || floor > this.state.clock.physicalTime + maxSkewMs * ticksPerMs) return "CLOCKSKEW";
    return undefined;
  }

  /** Whether this numbered request was answered before: then it writes nothing, and what it wrote then is older. */
  isRepeat(write: WriteRequest): boolean {
    return write.request !== undefined && typeof this.requests.find(write.request) === "object";
  }

  /** What the answer to a write that writes nothing will tell of: for a repeated request, what it was judged against then. */
  judgedAgainst(write: WriteRequest, record: KeyRecord): Version | undefined {
    const answered = write.request === undefined ? undefined : this.requests.find(write.request);
    return typeof answered === "object" ? answered.judged : judgedAgainst(write, record);
  }

  /**
   * Whether this write has to wait: for its record to be read from the store, or for a transaction that is not decided to
   * leave the key.
   */
  mustWait(write: WriteRequest, record: KeyRecord): boolean {
    if (record.prepared !== undefined && isHeldFor(write, record.prepared)) return true;
    if (needsRecord(write, record)) return true;
    // What is pinned must be known: this write would hide it.
    return this.state.older.pinCount > 0 && !record.loaded && record.latest === undefined;
  }

  /** Waits for what `mustWait` said. Answers what for. */
  await(record: KeyRecord, waiter: LoadWaiter & SettleWaiter): "loading" | "settling" {
    if (record.loaded || record.latest !== undefined) {
      this.state.settling.wait(record, untilFree, waiter);
      return "settling";
    }
    this.state.load(record, waiter);
    return "loading";
  }

  /** From now on nothing gets a time at or below this one, also after a crash. False when that must become durable first. */
  close(time: HybridTime): boolean {
    const { clock } = this.state;
    clock.pass(time);
    if (clock.durableBound >= time) return true;
    this.reserveAhead(time);
    return false;
  }

  /**
   * put_after: judges a client's write and proposes it. The sink is told once the outcome is durable. Answers the version
   * that it will have, so that the next write of its session can depend on it; undefined when nothing was written.
   */
  put(
    partition: Partition,
    record: KeyRecord,
    write: WriteRequest,
    dependencies: Dependencies,
    floor: HybridTime,
    sink: OperationSink,
    tag: number,
  ): Version | undefined {
    if (write.request !== undefined) {
      const answered = this.requests.find(write.request);
      if (answered === "forgotten") return fail(sink, tag, "STALEREQUEST");
      if (answered !== undefined) return this.repeatAnswer(answered, write, sink, tag);
      if (this.requests.full) return fail(sink, tag, "BUSY");
    }
    if (!this.state.placement.hasOriginsOf(dependencies)) return fail(sink, tag, "BADCONTEXT");
    // One below the limit: the version that a condition is judged against may be added.
    if (dependencies.dots.length >= dependenciesMax * 2) return fail(sink, tag, "BADCONTEXT");
    const refused = this.refusal(floor);
    if (refused !== undefined) return fail(sink, tag, refused);
    const old = judgedAgainst(write, record);
    const time = this.state.clock.peek(floor);
    if (!conditionHolds(write, old, time)) {
      this.state.counters.conditionsFailed++;
      const seen = observedAt(old, time);
      if (write.request !== undefined) {
        const answer = { key: write.key, version: undefined, judged: seen, lsn: record.pendingLsn };
        this.requests.add(write.request, answer, this.state.timerMs);
      }
      this.answer(record.pendingLsn, sink, tag, undefined, seen);
      return undefined;
    }
    const needed = old === undefined ? dependencies : this.withObserved(old, dependencies);
    return this.proposePut(partition, record, write, needed, floor, old, sink, tag);
  }

  private proposePut(
    partition: Partition,
    record: KeyRecord,
    write: WriteRequest,
    dependencies: Dependencies,
    floor: HybridTime,
    old: Version | undefined,
    sink: OperationSink,
    tag: number,
  ): Version {
    const { state } = this;
    const time = state.clock.next(floor);
    const seq = partition.seq + 1;
    this.reserveFor(time, seq);
    partition.seq = seq;
    partition.greatestTime = time;
    const index = ++partition.index;
    const { effect, value, key, request } = write;
    const { datacenter } = state;
    const expiry = expiryAfter(write, old, time);
    const target = effect === effectExpire ? nameOf(old as Version) : undefined;
    const version =
      target === undefined
        ? new Version(effect, value, time, datacenter, partition.id, seq, time, index, expiry)
        : (old as Version).touched({ time, datacenter, partition: partition.id, seq }, expiry, time, index);
    const writer = state.proposals.writer;
    const at = beginEntry(writer, entryPut, partition.id, index, time);
    // Field by field: this is the hot path, and a spread copies by name.
    const { id } = partition;
    const part = undefined;
    const written = {
      effect,
      datacenter,
      partition: id,
      time,
      seq,
      dependencies,
      expiry,
      request,
      part,
      target,
      key,
      value,
    };
    encodeWrite(writer, written);
    endEntry(writer, at);
    const seen = isJudged(write) ? observedAt(old, time) : undefined;
    state.proposals.propose(new PutProposal(this.tail, partition, record, version, seen, sink, tag), time);
    record.proposePut(version, state.proposals.lastLsn);
    if (request !== undefined) {
      const answer = { key, version, judged: seen, lsn: state.proposals.lastLsn };
      this.requests.add(request, answer, state.timerMs);
    }
    state.counters.writesLocal++;
    this.proposed(partition, datacenter, seq, seq);
    return version;
  }

  /** `apply`: a write from another datacenter whose dependencies hold. Its record is loaded, or the write beats it. */
  apply(partition: Partition, record: KeyRecord, write: Write): void {
    const { state } = this;
    invariant(record.loaded || record.latest !== undefined || write.time > partition.greatestTime, "a known winner");
    const visible = state.clock.next(write.time);
    this.reserveFor(visible, 0);
    if (write.time > partition.greatestTime) partition.greatestTime = write.time;
    const index = ++partition.index;
    const version = versionOf(write, record.latest, visible, index);
    const writer = state.proposals.writer;
    const at = beginEntry(writer, entryApply, partition.id, index, visible);
    encodeWrite(writer, write);
    endEntry(writer, at);
    const { datacenter, seq } = write;
    state.proposals.propose(new ApplyProposal(state, this.tail, partition, record, version, datacenter, seq), visible);
    record.proposeApply(version, state.proposals.lastLsn);
    this.proposed(partition, datacenter, seq, seq);
  }

  /** A run of seqs that no write will have: of this node's own (after a restart), or told by another datacenter. */
  hole(partition: Partition, hole: Hole): void {
    const { state } = this;
    const visible = state.clock.next(0);
    this.reserveFor(visible, hole.datacenter === state.datacenter ? hole.to : 0);
    const writer = state.proposals.writer;
    const at = beginEntry(writer, entryHole, partition.id, ++partition.index, visible);
    encodeHole(writer, hole);
    endEntry(writer, at);
    state.proposals.propose(new HoleProposal(this.tail, partition, hole.datacenter, hole.from, hole.to), visible);
    this.proposed(partition, hole.datacenter, hole.from, hole.to);
  }

  /** Extends the reserve before it runs out, and up to `time` in any case. */
  reserveAhead(time: HybridTime): void {
    if (this.state.clock.needsReserve(time) || this.state.clock.reserveRunsLow()) this.writeReserve(time, 0);
  }

  /** After a restart: what the log had reserved. */
  restoreSeqBound(bound: number): void {
    this.seqReserved = Math.max(this.seqReserved, bound);
  }

  get seqBound(): number {
    return this.seqReserved;
  }

  /** Seqs of an origin entered the log. */
  proposed(partition: Partition, datacenter: number, from: number, to: number): void {
    const set = partition.proposedOf(datacenter);
    if (from === to) invariant(set.add(from), "a dot is proposed once (invariant 2)");
    else set.addRange(from, to);
    this.state.wake();
    this.onProposed(partition, datacenter, from, to);
  }

  /** Before an entry with this time, and this seq of a partition here, goes into the log. */
  reserveFor(time: HybridTime, seq: number): void {
    if (this.state.clock.needsReserve(time) || seq > this.seqReserved) this.writeReserve(time, seq);
  }

  private writeReserve(time: HybridTime, seq: number): void {
    const { clock, proposals } = this.state;
    if (seq > this.seqReserved) this.seqReserved = seq + seqReserveAhead;
    const bound = clock.reserveAhead(time);
    const writer = proposals.writer;
    const at = beginEntry(writer, entryReserve, 0, 0, 0);
    writer.u64(bound);
    writer.u64(this.seqReserved);
    endEntry(writer, at);
    proposals.propose(new ReserveProposal(clock, bound), 0);
    this.state.wake();
  }

  private answer(
    lsn: number,
    sink: OperationSink,
    tag: number,
    version: Version | undefined,
    old: Version | undefined,
  ): void {
    const { proposals } = this.state;
    if (lsn <= proposals.durableLsn) sink.writeDone(tag, version, old);
    else proposals.after(lsn, new AnswerProposal(sink, tag, version, old));
  }

  private repeatAnswer(
    answered: AnsweredRequest,
    write: WriteRequest,
    sink: OperationSink,
    tag: number,
  ): Version | undefined {
    if (answered.key !== write.key) return fail(sink, tag, "STALEREQUEST");
    this.state.counters.requestsRepeated++;
    this.answer(answered.lsn, sink, tag, answered.version, answered.judged);
    return answered.version;
  }

  /** A write that was judged against a version depends on it: its author learns from the outcome what was there. */
  private withObserved(old: Version, dependencies: Dependencies): Dependencies {
    if (this.state.isStable(old)) return dependencies;
    return { dots: [...dependencies.dots, old.dotOrigin, old.dotSeq], prefixes: dependencies.prefixes };
  }
}

/** What a write from another datacenter, or a part of a transaction, is as a version here. */
export function versionOf(write: Write, latest: Version | undefined, visible: HybridTime, index: number): Version {
  const { effect, value, time, datacenter, part, target, expiry } = write;
  const partition = part === undefined ? write.partition : part.coordinator;
  const seq = part === undefined ? write.seq : part.seq;
  if (target === undefined) {
    return new Version(effect, value, time, datacenter, partition, seq, visible, index, expiry);
  }
  return touchedVersion(latest, target, { time, datacenter, partition, seq }, expiry, visible, index);
}

export function nameOf({ time, datacenter, partition }: Version): VersionName {
  return { time, datacenter, partition };
}

/** What is judged waits for the outcome of every transaction under way, any other write for those that judged the key. */
function isHeldFor(write: WriteRequest, prepared: readonly PreparedWrite[]): boolean {
  const waitsForAll = looksAtRecord(write);
  return waitsForAll || prepared.some(({ holds }) => holds);
}

function fail(sink: OperationSink, tag: number, code: FailureCode): undefined {
  sink.failed(tag, failureOf(code));
  return undefined;
}
