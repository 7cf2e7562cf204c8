/*
 * Read transactions as the owner of keys sees them (design, 3.5): what its keys show now, and up to when that stays so; or
 * what they show at one time.
 *
 *   now       records read ──▶ each with `validThrough`: just below what is prepared or uncommitted on that key, else this
 *             node's clock now
 *   at t      t is closed: the clock passes it, under a bound on disk ──▶ what is uncommitted on these keys becomes durable
 *             ──▶ what is prepared on them at or below t is settled by its coordinator ──▶ the greatest version visible by t
 *
 * Promises about time rest on the clock's bound, which is on disk, never on memory: they outlive the process.
 *
 * Keeps invariants 4 and 9. Bounded by who may ask.
 */
import type { Head } from "../head.ts";
import type { KeyRecord } from "../key-record.ts";
import type { LoadWaiter, NodeState } from "../node-state.ts";
import { oldestPrepared } from "../prepared-write.ts";
import type { SettleWaiter } from "../transactions/settling.ts";
import type { HybridTime } from "../../protocol/hybrid-time.ts";
import type { SnapshotAnswer } from "../../protocol/messages/snapshot.ts";
import type { ByteString } from "../../shared/bytes.ts";

export type SnapshotListener = (answers: readonly SnapshotAnswer[], failure: string | undefined) => void;

const nothing: readonly SnapshotAnswer[] = [];

class SnapshotInHand implements LoadWaiter, SettleWaiter {
  private readonly reads: SnapshotReads;
  readonly records: readonly KeyRecord[];
  readonly floor: HybridTime;
  readonly time: HybridTime;
  private readonly done: SnapshotListener;
  private over = false;
  /** Records that are being read from the store. */
  loading = 0;

  constructor(
    reads: SnapshotReads,
    records: readonly KeyRecord[],
    floor: HybridTime,
    time: HybridTime,
    done: SnapshotListener,
  ) {
    this.reads = reads;
    this.records = records;
    this.floor = floor;
    this.time = time;
    this.done = done;
    for (const record of records) record.pins++;
  }

  recordLoaded(): void {
    if (--this.loading === 0) this.reads.goOn(this);
  }

  settled(): void {
    this.reads.goOn(this);
  }

  waitedTooLong(): void {
    this.end(nothing, "UNAVAILABLE");
  }

  end(answers: readonly SnapshotAnswer[], failure: string | undefined): void {
    if (this.over) return;
    this.over = true;
    for (const record of this.records) record.pins--;
    this.done(answers, failure);
  }

  get isOver(): boolean {
    return this.over;
  }
}

export class SnapshotReads {
  private readonly state: NodeState;
  private readonly head: Head;

  constructor(state: NodeState, head: Head) {
    this.state = state;
    this.head = head;
  }

  /**
   * What these keys show, at `time`, or now where that is 0. `done` is called once, perhaps before this returns: with an
   * answer for each key, or with why there is none.
   */
  read(keys: readonly ByteString[], floor: HybridTime, time: HybridTime, done: SnapshotListener): void {
    const records: KeyRecord[] = [];
    const { placement } = this.state;
    for (const key of keys) {
      const hash = placement.hash(key);
      const partition = this.state.local(placement.partitionOfHash(hash));
      if (partition === undefined) {
        done(nothing, "UNAVAILABLE");
        return;
      }
      records.push(partition.record(key, hash));
    }
    this.goOn(new SnapshotInHand(this, records, floor, time, done));
  }

  /** Takes the next step, as far as nothing has to be waited for. */
  goOn(hand: SnapshotInHand): void {
    if (hand.isOver) return;
    for (const record of hand.records) {
      if (record.loaded) continue;
      hand.loading++;
      this.state.load(record, hand);
    }
    if (hand.loading > 0) return;
    if (hand.time === 0) {
      hand.end(this.now(hand), undefined);
      return;
    }
    if (!this.close(hand) || !this.isDurable(hand)) return;
    for (const record of hand.records) {
      if (this.state.settling.isSettled(record, hand.time)) continue;
      this.state.settling.wait(record, hand.time, hand);
      return;
    }
    this.answerAt(hand);
  }

  private now({ records, floor }: SnapshotInHand): SnapshotAnswer[] {
    const { state } = this;
    // A floor that this node's clock has passed costs no second round.
    if (state.acceptsClock(floor)) state.clock.pass(floor);
    const clock = state.clock.told();
    const { durableLsn, oldestTime } = state.proposals;
    return records.map((record) => {
      const version = record.current;
      const stable = version !== undefined && state.isStable(version);
      const prepared = oldestPrepared(record);
      let validThrough = Math.min(clock, prepared - 1);
      if (record.pendingLsn > durableLsn) validThrough = Math.min(validThrough, oldestTime - 1);
      const since = version === undefined ? state.older.collectedUpTo : 0;
      return { version, stable, since, validThrough, unsettled: prepared <= floor };
    });
  }

  /** From now on nothing gets a time at or below that of the snapshot, whatever fails. */
  private close(hand: SnapshotInHand): boolean {
    const { state } = this;
    if (!state.acceptsClock(hand.time)) {
      hand.end(nothing, "CLOCKSKEW");
      return false;
    }
    if (this.head.close(hand.time)) return true;
    this.afterDurable(hand, state.proposals.lastLsn);
    return false;
  }

  private isDurable(hand: SnapshotInHand): boolean {
    let lsn = 0;
    for (const { pendingLsn } of hand.records) lsn = Math.max(lsn, pendingLsn);
    if (lsn <= this.state.proposals.durableLsn) return true;
    this.afterDurable(hand, lsn);
    return false;
  }

  private afterDurable(hand: SnapshotInHand, lsn: number): void {
    this.state.proposals.after(lsn, { lsn: 0, commit: () => this.goOn(hand) });
  }

  private answerAt(hand: SnapshotInHand): void {
    const { state } = this;
    const answers: SnapshotAnswer[] = [];
    for (const record of hand.records) {
      const version = state.older.at(record, hand.time);
      if (version === "gone") {
        state.counters.snapshotsTooOld++;
        hand.end(nothing, "SNAPSHOTTOOOLD");
        return;
      }
      const stable = version !== undefined && state.isStable(version);
      answers.push({ version, stable, since: 0, validThrough: hand.time, unsettled: false });
    }
    hand.end(answers, undefined);
  }
}
