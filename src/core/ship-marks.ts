/*
 * Where in the log shipping must begin again for a destination, and below which position it needs the log no more.
 *
 * A mark says: at this position the partitions had given out these seqs. Once a destination has applied every seq of a mark,
 * it needs nothing before the mark's position. Marks stand `markIntervalBytes` apart, so a resumed stream reads at most that
 * much in vain, and their number is bounded by the log's size.
 */
import type { Partition } from "./partition.ts";
import type { AppliedSet } from "./applied-set.ts";

const markIntervalBytes = 4 * 1024 * 1024;

interface ShipMark {
  readonly position: number;
  readonly seqs: Float64Array;
}

export class ShipMarks {
  private marks: ShipMark[] = [];
  /** Where the frame begins that was written, or replayed, last. */
  position = 0;
  private readonly partitions: readonly Partition[];

  /** The order of `partitions` is the order of the seqs in each mark. */
  constructor(partitions: readonly Partition[]) {
    this.partitions = partitions;
  }

  get count(): number {
    return this.marks.length;
  }

  /** The log goes on at `position`; nothing at or after it has been given a seq yet. */
  at(position: number): void {
    this.position = position;
    const last = this.marks[this.marks.length - 1];
    if (last !== undefined && position - last.position < markIntervalBytes) return;
    this.marks.push({ position, seqs: Float64Array.from(this.partitions, (partition) => partition.seq) });
  }

  /**
   * The greatest marked position, at least `from`, before which a destination has applied everything. `appliedOf` answers
   * undefined for partitions whose equivalent is not at the destination.
   */
  resumePosition(from: number, appliedOf: (partition: number) => AppliedSet | undefined): number {
    let position = from;
    for (const mark of this.marks) {
      if (mark.position <= from) continue;
      if (!this.hasAll(mark, appliedOf)) break;
      position = mark.position;
    }
    return position;
  }

  /** No destination will ever resume below `position`. */
  dropBefore(position: number): void {
    let drop = 0;
    while (drop < this.marks.length - 1 && (this.marks[drop + 1] as ShipMark).position <= position) drop++;
    if (drop > 0) this.marks = this.marks.slice(drop);
  }

  private hasAll(mark: ShipMark, appliedOf: (partition: number) => AppliedSet | undefined): boolean {
    for (let i = 0; i < this.partitions.length; i++) {
      const applied = appliedOf((this.partitions[i] as Partition).id);
      if (applied !== undefined && applied.watermark < (mark.seqs[i] as number)) return false;
    }
    return true;
  }
}
