/*
 * Carries out recovery (core/recovery.ts): reads the newest checkpoint from the store and the log from there, and loads the
 * records that each run of frames changes before it is applied.
 */
import { RecoveryError } from "./errors.ts";
import type { KeyRecord } from "../core/key-record.ts";
import type { NodeCore } from "../core/node-core.ts";
import { metaKey, restoreMeta } from "../core/node-meta.ts";
import { Recovery } from "../core/recovery.ts";
import { decodeRecord, recordKey } from "../protocol/record.ts";
import type { ByteString } from "../shared/bytes.ts";
import type { Log } from "../storage/log.ts";
import type { Store } from "../storage/store.ts";

const readBytes = 4 * 1024 * 1024;
const loadKeysMax = 1024;

export interface Recovered {
  /** Where replay began. */
  readonly from: number;
  readonly entries: number;
  readonly frames: number;
}

/**
 * Rejects with RecoveryError, DecodeError or a storage error, or because `signal` was raised; then nothing may be served from
 * this directory, and nothing written to it.
 */
export async function recover(core: NodeCore, log: Log, store: Store, signal?: AbortSignal): Promise<Recovered> {
  const from = await restoreCheckpoint(core, log, store);
  const recovery = new Recovery(core);
  let position = from;
  let frames = 0;
  while (position < log.end) {
    signal?.throwIfAborted();
    const run = await log.read(position, readBytes);
    const last = run.at(-1);
    const nothing = `the log ends at ${log.end} but reads nothing at ${position}`;
    if (last === undefined) throw new RecoveryError("LOSTLOG", nothing);
    await loadAll(core, recovery, store, recovery.recordsToLoad(run.map((frame) => frame.payload)));
    for (const frame of run) {
      core.marks.at(frame.position);
      recovery.replay(frame.payload);
    }
    frames += run.length;
    position = last.end;
  }
  core.logEnd = log.end;
  recovery.finish();
  return { from, entries: recovery.entries, frames };
}

async function restoreCheckpoint(core: NodeCore, log: Log, store: Store): Promise<number> {
  const [meta] = await store.getMany([metaKey]);
  if (meta === undefined) {
    if (log.start === 0) return 0;
    throw new RecoveryError("LOSTSTORE", `the log begins at ${log.start} but the store holds no checkpoint`);
  }
  const position = restoreMeta(core, meta);
  if (position > log.end) {
    throw new RecoveryError("LOSTLOG", `the store covers the log up to ${position}, but the log ends at ${log.end}`);
  }
  if (position < log.start) {
    throw new RecoveryError(
      "LOSTLOG",
      `the store covers the log up to ${position}, but the log begins at ${log.start}`,
    );
  }
  return position;
}

async function loadAll(core: NodeCore, recovery: Recovery, store: Store, records: readonly KeyRecord[]): Promise<void> {
  for (let i = 0; i < records.length; i += loadKeysMax) {
    const some = records.slice(i, i + loadKeysMax);
    const values = await store.getMany(some.map((record) => storeKeyOf(core, record)));
    some.forEach((record, at) => {
      const value = values[at];
      recovery.load(record, value === undefined ? undefined : decodeRecord(value));
    });
  }
}

/** A record's key in the store. */
export function storeKeyOf(core: NodeCore, record: KeyRecord): ByteString {
  return recordKey(core.placement.partitionOfHash(record.hash), record.hash, record.key);
}
