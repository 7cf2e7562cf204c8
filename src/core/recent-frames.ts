/*
 * The newest durable frames of the log, kept in memory so that shipping reads the disk only for a destination that is
 * behind (design, 3.11). Bounded by `recentFramesBytesMax`; the oldest go first.
 */
import { recentFramesBytesMax } from "../shared/limits.ts";
import type { Bytes } from "../shared/bytes.ts";

export interface CommittedFrame {
  readonly position: number;
  readonly end: number;
  readonly payload: Bytes;
}

export class RecentFrames {
  private frames: CommittedFrame[] = [];
  private first = 0;
  bytes = 0;

  add(frame: CommittedFrame): void {
    this.frames.push(frame);
    this.bytes += frame.payload.length;
    while (this.bytes > recentFramesBytesMax && this.first < this.frames.length - 1) {
      this.bytes -= (this.frames[this.first] as CommittedFrame).payload.length;
      this.first++;
    }
    if (this.first > 256 && this.first * 2 > this.frames.length) {
      this.frames = this.frames.slice(this.first);
      this.first = 0;
    }
  }

  /** The frame that begins at or after `position`, when every frame from `position` on is still here. */
  from(position: number): CommittedFrame | undefined {
    const oldest = this.frames[this.first];
    if (oldest === undefined || position < oldest.position) return undefined;
    let low = this.first;
    let high = this.frames.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.frames[middle] as CommittedFrame).position < position) low = middle + 1;
      else high = middle;
    }
    return this.frames[low];
  }
}
