/*
 * Superseded versions, kept for snapshots (design, 3.5; paper, 5.1.2): each stays readable for `transTimeMs` after it was
 * superseded, in memory only.
 *
 * A version is valid from its visible time until a greater version's. So of a key's versions those matter of which no greater
 * one became visible as early: from the current one down, versions and visible times fall together, linked by `older`. What
 * was visible at a time is the first of them that was visible by then.
 *
 *   applied over another ──▶ superseded: linked, queued ──transTime, or no room──▶ gone, and `floor` says up to when
 *                                                       ──needed by a pin──▶ kept until the pin ends
 *
 * Any time at or above `floor` can be read exactly, and so can a pinned time; below it, only what is visible now. After a
 * restart the floor is the clock's bound: older versions were memory.
 *
 * A pin keeps what was visible at one time for as long as it takes (a long scan), within `pinnedBytesMax` and `pinMsMax`.
 *
 * Keeps invariant 11. Bounded (invariant 12) by `olderVersionsBytesMax`.
 */
import type { KeyRecord } from "./key-record.ts";
import { SupersedingQueue } from "./superseding-queue.ts";
import { olderVersionsBytesMax, pinMsMax, pinnedBytesMax, pinsMax, transTimeMs } from "../shared/limits.ts";
import { ticksPerMs } from "../protocol/hybrid-time.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import { compareVersions, effectExpire } from "../protocol/version.ts";
import type { Version } from "../protocol/version.ts";

const versionOverheadBytes = 200;

/** What a record shows at a time; "gone" when that is not known any more. */
export type SeenAt = Version | undefined | "gone";

export interface Pin {
  readonly time: HybridTime;
  readonly sinceMs: number;
  /** Bytes of versions that stay for this pin alone. */
  bytes: number;
}

function sizeOf(version: Version): number {
  return versionOverheadBytes + version.value.length;
}

export class OlderVersions {
  /** At or above this time every key can be read exactly. */
  floor: HybridTime = 0;
  /** Where there is nothing, something may have been before this time that ended and was collected. */
  collectedUpTo: HybridTime = 0;
  pinnedBytes = 0;
  /** Pins that ended before their scans did: too old, or too much was kept for them. */
  pinsBroken = 0;
  private readonly superseding = new SupersedingQueue();
  private readonly onDue = (record: KeyRecord, by: Version, time: HybridTime): void => this.letGo(record, by, time);
  private readonly pins = new Set<Pin>();
  /** What outlived its time for a pin alone, and the records that it belongs to. */
  private kept = new Set<Version>();
  private pinned = new Set<KeyRecord>();

  get count(): number {
    return this.superseding.length;
  }

  /** Of versions that wait for their time to go. */
  get bytes(): number {
    return this.superseding.bytes;
  }

  get pinCount(): number {
    return this.pins.size;
  }

  get pinnedCount(): number {
    return this.pinned.size;
  }

  /** Since when the oldest pin is there; undefined when there is none. */
  get oldestPinMs(): number | undefined {
    let oldest: number | undefined;
    for (const { sinceMs } of this.pins) oldest = Math.min(oldest ?? sinceMs, sinceMs);
    return oldest;
  }

  /** When the oldest version that is kept was superseded; undefined when there is none. */
  get oldest(): HybridTime | undefined {
    return this.count === 0 ? undefined : this.superseding.oldest;
  }

  /**
   * A version that is greater, and becomes visible later, than everything that was applied to its record: a client's put, whose
   * time is above every one before in the log. So what it supersedes, which is cold memory, need not be looked at; its value has
   * `currentBytes`.
   */
  placeNewest(record: KeyRecord, version: Version, currentBytes: number): void {
    const { current } = record;
    if (current !== undefined) {
      version.older = current;
      this.superseding.push(version, record, version.visible, versionOverheadBytes + currentBytes);
    }
    record.current = version;
  }

  /** A version of a record is applied. Answers whether readers see it now, or what they see is greater. */
  place(record: KeyRecord, version: Version): boolean {
    const { current } = record;
    // An effect on the expiry of a version that is not there any more: touchedVersion.
    if (version.effect === effectExpire) return false;
    if (current === undefined) {
      record.current = version;
      return true;
    }
    if (compareVersions(version, current) <= 0) {
      this.placeBelow(record, current, version);
      return false;
    }
    const below = current.visible < version.visible ? current : this.dropHidden(current, version.visible);
    if (below !== undefined) this.link(record, version, below);
    record.current = version;
    return true;
  }

  /** What a record, which is loaded, shows at a time. */
  at(record: KeyRecord, time: HybridTime): SeenAt {
    let version = record.current;
    if (version !== undefined && version.visible <= time) return version;
    // Of what is linked below the floor, neighbours may be gone.
    if (!this.isKept(time)) return "gone";
    while (version !== undefined && version.visible > time) version = version.older;
    if (version !== undefined) return version;
    return time >= record.unknownBefore ? undefined : "gone";
  }

  /** Whether everything is there that was visible at a time. */
  isKept(time: HybridTime): boolean {
    if (time >= this.floor) return true;
    for (const pin of this.pins) if (pin.time === time) return true;
    return false;
  }

  /** Lets go what is due. `now` is the clock's. */
  expire(now: HybridTime, timerMs: number): void {
    for (const pin of this.pins) {
      if (timerMs < pin.sinceMs + pinMsMax && pin.bytes <= pinnedBytesMax) continue;
      this.pinsBroken++;
      this.unpin(pin);
    }
    const due = now - transTimeMs * ticksPerMs;
    const { superseding } = this;
    while (superseding.oldest <= due || superseding.bytes > olderVersionsBytesMax) superseding.shift(this.onDue);
  }

  /** Keeps what is visible at `time`, which is not before `floor`; undefined when there are too many pins. */
  pin(time: HybridTime, timerMs: number): Pin | undefined {
    if (this.pins.size >= pinsMax || time < this.floor) return undefined;
    const pin = { time, sinceMs: timerMs, bytes: 0 };
    this.pins.add(pin);
    return pin;
  }

  isPinned(pin: Pin): boolean {
    return this.pins.has(pin);
  }

  unpin(pin: Pin): void {
    if (!this.pins.delete(pin)) return;
    const { kept, pinned } = this;
    this.kept = new Set();
    this.pinned = new Set();
    this.pinnedBytes = 0;
    for (const other of this.pins) other.bytes = 0;
    for (const record of pinned) this.dropUnneeded(record, kept);
  }

  /**
   * A greater version is there. Of use to snapshots is this one only if it became visible earlier: a commit of what was
   * prepared before.
   */
  private placeBelow(record: KeyRecord, current: Version, version: Version): void {
    let above = current;
    while (above.older !== undefined && compareVersions(version, above.older) < 0) above = above.older;
    if (version.visible >= above.visible) return;
    if (above.visible <= this.floor) {
      this.keepBelow(record, above, version);
      return;
    }
    const next = above.older;
    if (next !== undefined) this.unlinked(next);
    const below = this.dropHidden(next, version.visible);
    if (below !== undefined) this.link(record, version, below);
    this.link(record, above, version);
  }

  /**
   * As placeBelow, below the floor: what lay between may have gone, and this one would be taken for what was there then. At a
   * pinned time nothing has gone.
   */
  private keepBelow(record: KeyRecord, above: Version, version: Version): void {
    if (!this.keepForPins(record, version, above.visible)) return;
    let below = above.older;
    while (below !== undefined && below.visible >= version.visible) {
      const next: Version | undefined = below.older;
      this.unlinked(below);
      below.older = undefined;
      below = next;
    }
    if (below !== undefined && !this.kept.has(below)) this.link(record, version, below);
    else version.older = below;
    above.older = version;
  }

  /** Of these and those below, the first that was visible before `visible`; those before it no snapshot can see any more. */
  private dropHidden(first: Version | undefined, visible: HybridTime): Version | undefined {
    let version = first;
    while (version !== undefined && version.visible >= visible) {
      const next = version.older;
      if (next !== undefined) this.unlinked(next);
      version.older = undefined;
      version = next;
    }
    return version;
  }

  private link(record: KeyRecord, by: Version, older: Version): void {
    by.older = older;
    this.superseding.push(by, record, by.visible, sizeOf(older));
  }

  /** It is no older version of its record any more, or linked anew. */
  private unlinked(version: Version): void {
    if (this.kept.delete(version)) this.pinnedBytes -= sizeOf(version);
  }

  /** What `by` superseded, and all that was superseded before that. */
  private letGo(record: KeyRecord, by: Version, time: HybridTime): void {
    if (by.older === undefined) return;
    if (time > this.floor) this.floor = time;
    if (this.pins.size === 0 && this.kept.size === 0) {
      by.older = undefined;
      return;
    }
    for (let above = by; above.older !== undefined;) {
      const version: Version = above.older;
      if (!this.kept.has(version) && !this.keepForPins(record, version, above.visible)) {
        above.older = version.older;
        version.older = undefined;
      } else above = version;
    }
  }

  private keepForPins(record: KeyRecord, version: Version, until: HybridTime): boolean {
    let isNeeded = false;
    for (const pin of this.pins) {
      if (version.visible > pin.time || pin.time >= until) continue;
      isNeeded = true;
      pin.bytes += sizeOf(version);
    }
    if (!isNeeded) return false;
    this.kept.add(version);
    this.pinned.add(record);
    this.pinnedBytes += sizeOf(version);
    return true;
  }

  /** A pin ended: of what was kept for pins, the rest of them may need some. */
  private dropUnneeded(record: KeyRecord, kept: ReadonlySet<Version>): void {
    for (let above = record.current; above?.older !== undefined;) {
      const version: Version = above.older;
      if (kept.has(version) && !this.keepForPins(record, version, above.visible)) {
        above.older = version.older;
        version.older = undefined;
      } else above = version;
    }
  }
}
