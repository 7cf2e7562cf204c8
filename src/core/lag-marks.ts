/*
 * How far a destination is behind (design, 3.3): the age of the oldest own write that it is not known to have applied, and
 * how much of the log was written since.
 *
 * A mark says: at this time, with the log ending here, the partitions had given out these seqs. A write that no mark covers
 * is younger than the last mark. So the oldest write that is missing somewhere is as old as the first mark that is not
 * applied there, to within the interval between marks, and reading that costs the hot path nothing per write.
 *
 * In: the time and the end of the log, at every flush and tick. Out: answers. "Known" is what *applied* acknowledgements
 * said: while a link is down, what was applied in the last moment before counts as missing. After a restart the ages of what
 * was replayed are those of its log entries; what is older than the replay counts from the newest write before it.
 *
 * Bounded (invariant 12) by memory: when it is used up, marks that are stable go, then every second one; a destination that
 * is an hour behind is measured to within some seconds.
 */
import type { AppliedSet } from "./applied-set.ts";
import type { Partition } from "./partition.ts";

const intervalMsMin = 20;
const bytesMax = 4 * 1024 * 1024;
const marksMaxMax = 1024;
const marksMaxMin = 16;

interface LagMark {
  readonly timeMs: number;
  /** Where the durable log ended: what the next mark's seqs are of lies behind. */
  readonly position: number;
  readonly seqs: Float64Array;
}

export interface Behind {
  /** Age of the oldest own write not known to be applied there, in ms; 0 when there is none. */
  readonly lagMs: number;
  /** Bytes of the log from about that write on. */
  readonly bytes: number;
}

const upToDate: Behind = { lagMs: 0, bytes: 0 };

export class LagMarks {
  private marks: LagMark[] = [];
  private intervalMs = intervalMsMin;
  private readonly marksMax: number;
  private readonly partitions: readonly Partition[];
  private readonly datacenter: number;

  /** `partitions` are the node's own, `datacenter` its own. */
  constructor(partitions: readonly Partition[], datacenter: number) {
    this.partitions = partitions;
    this.datacenter = datacenter;
    const fitting = Math.floor(bytesMax / (8 * Math.max(1, partitions.length)));
    this.marksMax = Math.max(marksMaxMin, Math.min(marksMaxMax, fitting));
  }

  get count(): number {
    return this.marks.length;
  }

  /** Takes a mark when one is due and something was given out since the last. */
  at(timeMs: number, position: number): void {
    const last = this.marks.at(-1);
    if (last !== undefined) {
      const sinceMs = timeMs - last.timeMs;
      if ((sinceMs >= 0 && sinceMs < this.intervalMs) || !this.hasGivenOutSince(last)) return;
    }
    if (this.marks.length >= this.marksMax) this.makeRoom();
    this.marks.push({ timeMs, position, seqs: Float64Array.from(this.partitions, (partition) => partition.seq) });
  }

  /** `appliedOf` answers undefined for partitions whose equivalent is not at the destination; `end` is that of the log. */
  behind(nowMs: number, end: number, appliedOf: (partition: number) => AppliedSet | undefined): Behind {
    if (this.covers((i) => (this.partitions[i] as Partition).seq, appliedOf)) return upToDate;
    let before: LagMark | undefined;
    for (const mark of this.marks) {
      if (!this.covers((i) => mark.seqs[i] as number, appliedOf)) return behindSince(mark.timeMs, before, nowMs, end);
      before = mark;
    }
    return behindSince(before?.timeMs ?? nowMs, before, nowMs, end);
  }

  private covers(seqOf: (index: number) => number, appliedOf: (partition: number) => AppliedSet | undefined): boolean {
    for (let i = 0; i < this.partitions.length; i++) {
      const applied = appliedOf((this.partitions[i] as Partition).id);
      if (applied !== undefined && applied.watermark < seqOf(i)) return false;
    }
    return true;
  }

  private hasGivenOutSince(mark: LagMark): boolean {
    for (let i = 0; i < this.partitions.length; i++) {
      if ((this.partitions[i] as Partition).seq !== mark.seqs[i]) return true;
    }
    return false;
  }

  private makeRoom(): void {
    const needed = this.marks.findIndex((mark) => !this.isStable(mark));
    // The last mark that is stable everywhere stays: its position is where what comes after it begins.
    const drop = (needed < 0 ? this.marks.length : needed) - 1;
    if (drop >= this.marksMax / 4) {
      this.marks = this.marks.slice(drop);
      this.intervalMs = intervalMsMin;
      return;
    }
    this.marks = this.marks.filter((_, i) => i % 2 === 0);
    this.intervalMs *= 2;
  }

  private isStable(mark: LagMark): boolean {
    return this.partitions.every((partition, i) => partition.isStable(this.datacenter, mark.seqs[i] as number));
  }
}

function behindSince(sinceMs: number, before: LagMark | undefined, nowMs: number, end: number): Behind {
  return { lagMs: Math.max(0, nowMs - sinceMs), bytes: Math.max(0, end - (before?.position ?? 0)) };
}
