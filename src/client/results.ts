/*
 * What the client's operations answer, in the terms of the glossary: versions and dots.
 */
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

/** A write that was seen: its version and its dot. */
export interface Written {
  readonly version: Version;
  readonly dot: Dot;
}

/** What a read found. */
export class VersionedValue {
  /** The write that was seen; null for a key that nobody ever wrote, as far as this datacenter knows. */
  readonly write: Written | null;
  /** The write that was seen deleted the key. */
  readonly tombstone: boolean;
  /** The write that was seen is applied in every datacenter. */
  readonly stable: boolean;
  /** The clock of the answering partition: at or above the visible time of everything that it shows. */
  readonly clock: HybridTime;
  readonly #value: ByteString | null;

  constructor(value: ByteString | null, write: Written | null, tombstone: boolean, stable: boolean, clock: HybridTime) {
    this.#value = value;
    this.write = write;
    this.tombstone = tombstone;
    this.stable = stable;
    this.clock = clock;
  }

  /** Null for a key that was never written or was deleted. Bytes that are no UTF-8 become U+FFFD: see `bytes`. */
  get text(): string | null {
    return this.#value === null ? null : textOf(this.#value);
  }

  /** A fresh copy each time. */
  get bytes(): Uint8Array | null {
    return this.#value === null ? null : bytesOf(this.#value);
  }
}

/** What a put or delete did. A write without a condition is always written. */
export type WriteResult =
  | { readonly written: true; readonly write: Written }
  /** The condition did not hold for `found`: null for a key that was never written, else perhaps a tombstone. */
  | { readonly written: false; readonly found: Written | null };
