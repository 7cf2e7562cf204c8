/*
 * The writes of one MULTI, folded: what the commands do one after the other becomes one write for each key, since a transaction
 * takes effect at one moment.
 *
 *   untouched ──assign──▶ a value with an expiry ──assign, delete, expire──▶ ... ──▶ one write
 *             ──delete──▶ nothing
 *
 * What a command finds is a value of the plan's own, or what was there before the transaction: that comes with its outcome, by
 * the place of the key's write.
 */
import { conditionNone, expiryKept } from "../../protocol/messages/forward.ts";
import type { WriteRequest } from "../../protocol/messages/forward.ts";
import { effectAssign, effectDelete } from "../../protocol/version.ts";
import type { Version } from "../../protocol/version.ts";
import type { ByteString } from "../../shared/bytes.ts";
import { valueOf } from "./operation-shape.ts";

/** A value; nothing; or, as the place of a write, what that write replaces. */
export type Found = ByteString | undefined | number;

export class PlannedKey {
  readonly key: ByteString;
  /** Its place among the writes. */
  readonly at: number;
  /** Undefined for a delete. */
  value: ByteString | undefined = undefined;
  /** In Unix ms; 0 for never; `expiryKept`. */
  expiry = 0;
  /** False while it was only looked at, by a command that is about to write it. */
  isWritten = false;
  /** Whether some reply needs what was there before. */
  wantOld = false;

  constructor(key: ByteString, at: number) {
    this.key = key;
    this.at = at;
  }

  /** What it costs in the transaction. */
  get bytes(): number {
    return this.key.length + (this.value === undefined ? 0 : this.value.length);
  }

  /** Whether a reader at this time would find a value. */
  isAlive(nowMs: number): boolean {
    return this.value !== undefined && (this.expiry === 0 || this.expiry === expiryKept || this.expiry > nowMs);
  }

  get write(): WriteRequest {
    const { key, value, wantOld } = this;
    const effect = value === undefined ? effectDelete : effectAssign;
    const expiry = value === undefined ? 0 : this.expiry;
    return { effect, key, value: value ?? "", expiry, condition: conditionNone, wantOld, request: undefined };
  }
}

export class WritePlan {
  /** When the commands are carried out, in Unix ms. */
  readonly nowMs: number;
  private readonly keys = new Map<ByteString, PlannedKey>();

  constructor(nowMs: number) {
    this.nowMs = nowMs;
  }

  get size(): number {
    return this.keys.size;
  }

  get bytes(): number {
    let bytes = 0;
    for (const planned of this.keys.values()) bytes += planned.bytes;
    return bytes;
  }

  /** In the order of the places that `Found` names. */
  get writes(): WriteRequest[] {
    return Array.from(this.keys.values(), (planned) => planned.write);
  }

  /** What the commands so far leave under a key; undefined where they leave it alone. */
  planned(key: ByteString): PlannedKey | undefined {
    return this.keys.get(key);
  }

  /** With `expiryKept` the expiry stays that which the key has by then. */
  assign(key: ByteString, value: ByteString, expiry: number): void {
    const planned = this.keys.get(key) ?? this.add(key);
    if (expiry !== expiryKept) planned.expiry = expiry;
    else if (!planned.isWritten) planned.expiry = expiryKept;
    else if (!planned.isAlive(this.nowMs)) planned.expiry = 0;
    planned.value = value;
    planned.isWritten = true;
  }

  delete(key: ByteString): void {
    const planned = this.keys.get(key) ?? this.add(key);
    planned.value = undefined;
    planned.expiry = 0;
    planned.isWritten = true;
  }

  /** What the next write on this key replaces, which must follow. */
  find(key: ByteString): Found {
    const planned = this.keys.get(key) ?? this.add(key);
    if (planned.isWritten) return planned.isAlive(this.nowMs) ? planned.value : undefined;
    planned.wantOld = true;
    return planned.at;
  }

  private add(key: ByteString): PlannedKey {
    const planned = new PlannedKey(key, this.keys.size);
    this.keys.set(key, planned);
    return planned;
  }
}

/** The value that was found; undefined for none. */
export function foundValue(found: Found, olds: readonly (Version | undefined)[]): ByteString | undefined {
  return typeof found === "number" ? valueOf(olds[found]) : found;
}
