/*
 * The log entries of transactions (design, 3.6), and what is done once each is durable. Who decides what goes in here is
 * coordinator.ts and cohort.ts.
 *
 *   part, apply-part   visible at the transaction's time; its own seq counts as applied, but that of part 0
 *   done               the seq of part 0, the transaction's dot, counts as applied
 *
 * Keeps invariants 1 (whoever depends on a transaction depends on its dot, which is applied only after every part), 2 and 3:
 * a commit's visible time lies above its prepare, and above whatever was promised for its key since.
 */
import type { Head } from "../head.ts";
import { versionOf } from "../head.ts";
import type { KeyRecord } from "../key-record.ts";
import type { NodeState } from "../node-state.ts";
import type { Partition } from "../partition.ts";
import type { NodeId } from "../placement.ts";
import type { PreparedWrite } from "../prepared-write.ts";
import type { Proposal } from "../proposals.ts";
import type { Tail } from "../tail.ts";
import {
  beginEntry,
  encodeDecided,
  encodePrepared,
  endEntry,
  entryAbort,
  entryApplyPart,
  entryDecide,
  entryDone,
  entryPart,
  entryPrepare,
} from "../../protocol/log-entry.ts";
import type { HybridTime } from "../../protocol/hybrid-time.ts";
import { encodeTransactionId } from "../../protocol/messages/transaction.ts";
import type { TransactionId } from "../../protocol/messages/transaction.ts";
import type { Version } from "../../protocol/version.ts";
import { encodeWrite } from "../../protocol/write.ts";
import type { Write } from "../../protocol/write.ts";

/** A part in the log that is not durable yet. */
interface PendingPart {
  readonly partition: Partition;
  readonly record: KeyRecord;
  readonly version: Version;
  readonly write: Write;
}

/**
 * Parts of one transaction in one frame, nothing of which any reader here must see without the rest: nobody keeps their keys
 * from being read. They are applied at once, by the last entry.
 */
export class PartsTogether {
  /** Of the last entry; 0 before it is proposed. */
  lsn = 0;
  private readonly parts: PendingPart[] = [];

  add(part: PendingPart): void {
    this.parts.push(part);
  }

  /**
   * The last entry is proposed: who waits for one of the keys waits for that. Only then are others told: what waited for one of
   * the parts may be proposed at once, on the key of another.
   */
  proposed(lsn: number, told: (partition: Partition, write: Write) => void): void {
    this.lsn = lsn;
    for (const { record } of this.parts) record.pendingLsn = lsn;
    for (const { partition, write } of this.parts) told(partition, write);
  }

  durable(apply: (part: PendingPart) => void, count: (part: PendingPart) => void): void {
    for (const part of this.parts) apply(part);
    for (const part of this.parts) count(part);
  }
}

class PartProposal implements Proposal {
  lsn = 0;
  private readonly log: PartLog;
  private readonly part: PendingPart;

  constructor(log: PartLog, part: PendingPart) {
    this.log = log;
    this.part = part;
  }

  commit(): void {
    this.log.apply(this.part);
    this.log.count(this.part);
  }
}

/** A part that the last entry of its frame applies. */
class InertProposal implements Proposal {
  lsn = 0;

  commit(): void {
    // Nothing by itself.
  }
}

/** Whatever is to be done when an entry of a partition is durable. */
class EntryProposal implements Proposal {
  lsn = 0;
  private readonly partition: Partition | undefined;
  private readonly index: number;
  private readonly durable: () => void;

  constructor(partition: Partition | undefined, durable: () => void) {
    this.partition = partition;
    this.index = partition?.index ?? 0;
    this.durable = durable;
  }

  commit(): void {
    if (this.partition !== undefined) this.partition.appliedIndex = this.index;
    this.durable();
  }
}

export class PartLog {
  private readonly state: NodeState;
  private readonly head: Head;
  private readonly tail: Tail;

  constructor(state: NodeState, head: Head, tail: Tail) {
    this.state = state;
    this.head = head;
    this.tail = tail;
  }

  /** A committed part that was prepared. Its record is loaded, or something proposed for it is known. */
  part(partition: Partition, record: KeyRecord, write: Write, visible: HybridTime): void {
    const version = this.write(partition, record, write, visible);
    this.propose(new PartProposal(this, { partition, record, version, write }), record, version, visible);
    this.noteSeq(partition, write);
  }

  /** A part that was not prepared: `decide` or `done`, in the same frame, applies all of `together`. Answers its version. */
  ownPart(
    partition: Partition,
    record: KeyRecord,
    write: Write,
    visible: HybridTime,
    together: PartsTogether,
  ): Version {
    const version = this.write(partition, record, write, visible);
    this.propose(new InertProposal(), record, version, visible);
    together.add({ partition, record, version, write });
    return version;
  }

  private write(partition: Partition, record: KeyRecord, write: Write, visible: HybridTime): Version {
    const { state, head } = this;
    const isHome = write.datacenter === state.datacenter;
    state.clock.pass(visible);
    head.reserveFor(visible, isHome ? write.seq : 0);
    partition.greatestTime = Math.max(partition.greatestTime, write.time);
    const index = ++partition.index;
    const version = versionOf(write, record.latest, visible, index);
    const { writer } = state.proposals;
    const at = beginEntry(writer, isHome ? entryPart : entryApplyPart, partition.id, index, visible);
    encodeWrite(writer, write);
    endEntry(writer, at);
    return version;
  }

  private propose(proposal: Proposal, record: KeyRecord, version: Version, visible: HybridTime): void {
    const { proposals } = this.state;
    proposals.propose(proposal, visible);
    record.proposeApply(version, proposals.lastLsn);
    this.state.wake();
  }

  /** The transaction's dot, which is that of part 0, counts later: `done`. */
  private noteSeq(partition: Partition, { datacenter, seq, part }: Write): void {
    if (part?.index !== 0) this.head.proposed(partition, datacenter, seq, seq);
  }

  apply({ partition, record, version }: PendingPart): void {
    const { counters } = this.state;
    counters.partsApplied++;
    if (!this.tail.applyVersion(record, version)) counters.writesBeaten++;
    partition.appliedIndex = version.index;
  }

  count({ partition, version, write: { datacenter, seq, part } }: PendingPart): void {
    if (part?.index !== 0) this.tail.seqsApplied(partition, datacenter, seq, seq, version.index);
  }

  private proposedTogether(together: PartsTogether): void {
    together.proposed(this.state.proposals.lastLsn, (partition, write) => this.noteSeq(partition, write));
  }

  private durableTogether(together: PartsTogether): void {
    together.durable(
      (part) => this.apply(part),
      (part) => this.count(part),
    );
  }

  /** Every part is committed here: from now on the transaction's dot is applied. `durable` is called when that is so. */
  done(transaction: TransactionId, seq: number, durable: () => void, together = new PartsTogether()): void {
    const { state, head, tail } = this;
    const partition = state.local(transaction.partition) as Partition;
    const { datacenter } = transaction;
    const visible = state.clock.next(0);
    head.reserveFor(visible, 0);
    const { writer } = state.proposals;
    const at = beginEntry(writer, entryDone, partition.id, ++partition.index, visible);
    encodeTransactionId(writer, transaction);
    writer.u64(seq);
    endEntry(writer, at);
    const { index } = partition;
    const applied = (): void => {
      this.durableTogether(together);
      tail.seqsApplied(partition, datacenter, seq, seq, index);
      durable();
    };
    state.proposals.propose(new EntryProposal(partition, applied), visible);
    this.proposedTogether(together);
    head.proposed(partition, datacenter, seq, seq);
  }

  /** A part is prepared, at `prepared.time`, which the clock has given. */
  prepare(transaction: TransactionId, coordinator: NodeId, prepared: PreparedWrite, durable: () => void): void {
    const { state, head } = this;
    const { partition, time, holds, write, record } = prepared;
    head.reserveFor(time, 0);
    const { writer } = state.proposals;
    const at = beginEntry(writer, entryPrepare, partition.id, ++partition.index, time);
    encodePrepared(writer, { id: transaction, coordinator, holds });
    encodeWrite(writer, write);
    endEntry(writer, at);
    state.proposals.propose(new EntryProposal(partition, durable), time);
    record.pendingLsn = state.proposals.lastLsn;
    state.wake();
  }

  abort(transaction: TransactionId): void {
    const { proposals } = this.state;
    const at = beginEntry(proposals.writer, entryAbort, 0, 0, 0);
    encodeTransactionId(proposals.writer, transaction);
    endEntry(proposals.writer, at);
    proposals.propose(new EntryProposal(undefined, () => undefined));
    this.state.wake();
  }

  /** The decision to commit, in the same frame as the parts of this node. */
  decide(
    transaction: TransactionId,
    visible: HybridTime,
    seq: number,
    cohorts: readonly NodeId[],
    together: PartsTogether,
    durable: () => void,
  ): void {
    const { proposals } = this.state;
    const { writer } = proposals;
    const at = beginEntry(writer, entryDecide, 0, 0, 0);
    encodeDecided(writer, { id: transaction, visible, seq, cohorts });
    endEntry(writer, at);
    const applied = (): void => {
      this.durableTogether(together);
      durable();
    };
    proposals.propose(new EntryProposal(undefined, applied), visible);
    this.proposedTogether(together);
    this.state.wake();
  }
}
