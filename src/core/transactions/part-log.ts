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

class PartProposal implements Proposal {
  lsn = 0;
  private readonly log: PartLog;
  private readonly partition: Partition;
  private readonly record: KeyRecord;
  private readonly version: Version;
  private readonly write: Write;

  constructor(log: PartLog, partition: Partition, record: KeyRecord, version: Version, write: Write) {
    this.log = log;
    this.partition = partition;
    this.record = record;
    this.version = version;
    this.write = write;
  }

  commit(): void {
    this.log.partDurable(this.partition, this.record, this.version, this.write);
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

  /** A committed part. Its record is loaded, or something proposed for it is known. Answers its version here. */
  part(partition: Partition, record: KeyRecord, write: Write, visible: HybridTime): Version {
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
    state.proposals.propose(new PartProposal(this, partition, record, version, write), visible);
    record.proposeApply(version, state.proposals.lastLsn);
    if (write.part?.index !== 0) head.proposed(partition, write.datacenter, write.seq, write.seq);
    state.wake();
    return version;
  }

  partDurable(partition: Partition, record: KeyRecord, version: Version, write: Write): void {
    const { counters } = this.state;
    counters.partsApplied++;
    if (!this.tail.applyVersion(record, version)) counters.writesBeaten++;
    partition.appliedIndex = version.index;
    if (write.part?.index !== 0) {
      this.tail.seqsApplied(partition, write.datacenter, write.seq, write.seq, version.index);
    }
  }

  /** Every part is committed here: from now on the transaction's dot is applied. `durable` is called when that is so. */
  done(transaction: TransactionId, seq: number, durable: () => void): void {
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
      tail.seqsApplied(partition, datacenter, seq, seq, index);
      durable();
    };
    state.proposals.propose(new EntryProposal(partition, applied), visible);
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
    durable: () => void,
  ): void {
    const { proposals } = this.state;
    const { writer } = proposals;
    const at = beginEntry(writer, entryDecide, 0, 0, 0);
    encodeDecided(writer, { id: transaction, visible, seq, cohorts });
    endEntry(writer, at);
    proposals.propose(new EntryProposal(undefined, durable), visible);
    this.state.wake();
  }
}
