/*
 * What a context has seen (design, 3.4), as its operations' answers tell it; and, while the outcome of a write is in
 * question, what was read since, so that the context can be made what it would be had the answer come in time.
 *
 *   one writer's answers ──▶ seen                    in question:  seen, as it was and with what is read since
 *                                                                  since, what is read since alone
 *   known after all: the write takes the place of what it depended on, and `since` is put on top
 */
import type { ReadAnswer, SnapshotAnswer, WriteAnswer } from "./answers.ts";
import type { Written } from "./results.ts";
import { Context } from "../core/context.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import { originOf } from "../protocol/version.ts";

export class ThreadMemory {
  readonly seen: Context = new Context();
  private since: Context | undefined;

  noteRead({ write, stable, clock }: ReadAnswer): void {
    this.note(write, stable, clock);
  }

  noteSnapshot({ time, clock, entries }: SnapshotAnswer): void {
    for (const entry of entries) this.noteRead(entry);
    this.note(null, true, Math.max(time, clock));
  }

  /** A write that was not written has told what it was judged against, like a read. */
  noteWrite({ written, write, clock, judged }: WriteAnswer): void {
    if (!written) {
      this.note(write, false, clock);
      if (judged !== undefined) this.seen.merge(judged, clock);
      return;
    }
    if (write === null) return;
    const { datacenter, partition, seq } = write.dot;
    this.seen.raiseFloor(Math.max(clock, write.version.time));
    this.seen.wrote(originOf(datacenter, partition), seq);
  }

  /** From now on a write is in question. */
  question(): void {
    this.since = new Context();
  }

  /** What became of it is known. */
  settle(answer: WriteAnswer): void {
    const { since } = this;
    this.since = undefined;
    this.noteWrite(answer);
    if (answer.written && since !== undefined) this.seen.merge(since.dependencies(), since.floor);
  }

  /** It is not asked any more. */
  dismiss(): void {
    this.since = undefined;
  }

  private note(write: Written | null, stable: boolean, clock: HybridTime): void {
    this.seen.raiseFloor(clock);
    this.since?.raiseFloor(clock);
    if (write === null || stable) return;
    const { datacenter, partition, seq } = write.dot;
    this.seen.saw(originOf(datacenter, partition), seq);
    this.since?.saw(originOf(datacenter, partition), seq);
  }
}
