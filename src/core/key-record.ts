/*
 * One key in memory. `current` is what readers see: the winner of everything applied. `latest` is the winner of
 * everything applied or proposed: what conditions are judged against, in log order, uncommitted entries included
 * (design, 3.6).
 *
 *   unloaded ──store answers──▶ loaded       a put makes it loaded too: it wins over whatever is stored
 *   clean ──applied──▶ dirty ──checkpoint takes it──▶ writing ──batch durable──▶ clean ──▶ may leave memory
 */
import type { OlderVersions } from "./older-versions.ts";
import type { PreparedWrite } from "./prepared-write.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import { compareVersions, effectExpire } from "../protocol/version.ts";
import type { Version } from "../protocol/version.ts";
import type { ByteString } from "../shared/bytes.ts";

/** What a record costs beside its key and value: the objects, the map slot, the numbers. An estimate, in bytes. */
const recordOverheadBytes = 240;

export class KeyRecord {
  readonly key: ByteString;
  readonly hash: number;
  current: Version | undefined = undefined;
  /** Length of the current value; kept here because asking the old version for it would fetch cold memory. */
  private valueBytes = 0;
  latest: Version | undefined = undefined;
  /** Number of the newest proposal for this key; the key is being written while that is above the durable number. */
  pendingLsn = 0;
  /** False while the store may hold a version that is not in memory. */
  loaded = false;
  /** Changed since the store last got it. */
  dirty = false;
  /** In a store batch that is not durable yet. */
  writing = false;
  /** Proposals and waiting writes that hold on to this object. */
  pins = 0;
  /** Read or written since the cache last looked. */
  used = true;
  /** Before this time versions may have been visible that are in the store alone, or nowhere any more: it was written unread. */
  unknownBefore: HybridTime = 0;
  /** Writes of transactions that are not decided here, or whose commit is not durable; undefined when there are none. */
  prepared: PreparedWrite[] | undefined = undefined;
  /** The collector has it on its list. */
  listed = false;

  constructor(key: ByteString, hash: number) {
    this.key = key;
    this.hash = hash;
  }

  get bytes(): number {
    return this.key.length + recordOverheadBytes + this.valueBytes;
  }

  get evictable(): boolean {
    return !this.dirty && !this.writing && this.pins === 0 && this.current?.older === undefined;
  }

  /** Takes the store's answer, unless something newer came meanwhile. */
  load(stored: Version | undefined): void {
    if (this.loaded) return;
    this.loaded = true;
    if (stored === undefined) return;
    if (this.current === undefined || compareVersions(stored, this.current) > 0) this.show(stored);
    if (this.latest === undefined || compareVersions(stored, this.latest) > 0) this.latest = stored;
  }

  /** A client's write was proposed; its version is greater than every one proposed before. */
  proposePut(version: Version, lsn: number): void {
    this.pins++;
    this.pendingLsn = lsn;
    this.latest = version;
  }

  /** A write from another datacenter was proposed. */
  proposeApply(version: Version, lsn: number): void {
    this.pins++;
    this.pendingLsn = lsn;
    // An effect on the expiry of a version that is not there any more leaves nothing.
    if (version.effect === effectExpire) return;
    if (this.latest === undefined || compareVersions(version, this.latest) > 0) this.latest = version;
  }

  /** `version` is applied: visible, or beaten by what is. Answers whether it is visible. */
  apply(version: Version, older: OlderVersions, isNewest = false): boolean {
    if (!this.loaded && this.current === undefined) this.unknownBefore = version.visible;
    if (isNewest) older.placeNewest(this, version, this.valueBytes);
    else if (!older.place(this, version)) return false;
    this.valueBytes = version.value.length;
    return true;
  }

  /** As `apply`, where nothing of before can be asked for: in recovery. */
  replay(version: Version): boolean {
    if (this.current !== undefined && compareVersions(version, this.current) <= 0) return false;
    this.show(version);
    return true;
  }

  /** What was there ended, and nobody needs it any more. */
  collect(): void {
    this.current = undefined;
    this.latest = undefined;
    this.valueBytes = 0;
    this.unknownBefore = 0;
  }

  private show(version: Version): void {
    this.current = version;
    this.valueBytes = version.value.length;
  }
}
