/*
 * What the client's operations answer, in the terms of the glossary: versions and dots.
 */
import type { ReadAnswer } from "./answers.ts";
import { bytesOf, textOf } from "./byte-text.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import type { ByteString } from "../shared/bytes.ts";

/** The order of a write among all writes: compared left to right, the last writer wins. */
export interface Version {
  /** Hybrid time: (milliseconds since 2025-01-01T00:00:00Z) * 4096 + counter. */
  readonly time: HybridTime;
  readonly datacenter: number;
  readonly partition: number;
}

/** The exact name of one write: the `seq`-th that this partition took from clients in this datacenter. */
export interface Dot {
  readonly datacenter: number;
  readonly partition: number;
  readonly seq: number;
}

/** The version text of a key that has no value. */
export const versionTextNone = "none";

/**
 * A write that was seen: its version and its dot. All writes of a transaction share both. Where the expiry of a value was
 * set later, the version is the value's and the dot is that of the write that set the expiry.
 */
export class Written {
  readonly version: Version;
  readonly dot: Dot;

  constructor(version: Version, dot: Dot) {
    this.version = version;
    this.dot = dot;
  }

  /** `time/datacenter/partition`: what `ifVersion` takes, for as long as the write left a value that is there. */
  get versionText(): string {
    const { time, datacenter, partition } = this.version;
    return `${time}/${datacenter}/${partition}`;
  }
}

/** What a read found. */
export class VersionedValue {
  /** The write that was seen; null for a key that nobody ever wrote, as far as this datacenter knows. */
  readonly write: Written | null;
  /** The write that was seen deleted the key, or its value has expired. */
  readonly tombstone: boolean;
  /** The write that was seen is applied in every datacenter. */
  readonly stable: boolean;
  /** The clock of the answering partition: at or above the visible time of everything that it shows. */
  readonly clock: HybridTime;
  /** When the value expires, or has expired, in milliseconds since 1970; null for never. */
  readonly expiryUnixMs: number | null;
  readonly #value: ByteString | null;

  constructor(answer: ReadAnswer) {
    this.#value = answer.value;
    this.write = answer.write;
    this.tombstone = answer.tombstone;
    this.stable = answer.stable;
    this.clock = answer.clock;
    this.expiryUnixMs = answer.expiryUnixMs === 0 ? null : answer.expiryUnixMs;
  }

  /** Null for a key that was never written, was deleted or has expired. Bytes that are no UTF-8 become U+FFFD: see `bytes`. */
  get text(): string | null {
    return this.#value === null ? null : textOf(this.#value);
  }

  /** A fresh copy each time. */
  get bytes(): Uint8Array | null {
    return this.#value === null ? null : bytesOf(this.#value);
  }

  /** For `ifVersion`: the version of the value, or `none` where there is no value. */
  get versionText(): string {
    return this.#value === null || this.write === null ? versionTextNone : this.write.versionText;
  }
}

/** What a read transaction found: the keys as they were together at one moment. */
export interface Snapshot {
  /** That moment: each value is the greatest version that was visible in this datacenter then. */
  readonly time: HybridTime;
  /** In the order of the keys. */
  readonly values: readonly VersionedValue[];
}

/** What a put, a delete or a transaction did. A write without a condition is always written. */
export type WriteResult =
  | { readonly written: true; readonly write: Written }
  /**
   * The condition did not hold for `found`: null for a key that was never written, else perhaps a tombstone. Of a
   * transaction it is not told which condition failed, and `found` is null.
   */
  | { readonly written: false; readonly found: Written | null };
