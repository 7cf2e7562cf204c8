/*
 * Read transactions inside a datacenter (design, 3.5): what some keys of one owner show, now or at one time.
 *
 * snapshot-request   u64 id, u64 floor, u64 time (0: now), u16 count, { text key }
 * snapshot-reply     u64 id, u64 clock, u8 outcome (0: answered, 1: failure), [text failure]
 *                    { u8 flags (1: there is a version, 2: it is stable, 4: what is prepared on it must be asked about at the
 *                    floor), u64 valid through, version or u64 since when there is none }, as many as keys were asked for
 *
 * A key's version is what it shows from its visible time to `validThrough`: nothing else becomes visible up to there.
 */
import type { ByteReader } from "../byte-reader.ts";
import { DecodeError } from "../byte-reader.ts";
import type { ByteWriter } from "../byte-writer.ts";
import type { HybridTime } from "../hybrid-time.ts";
import { decodeVersion, encodeVersion } from "./forward.ts";
import { beginMessage, endMessage, messageSnapshotReply, messageSnapshotRequest } from "./message.ts";
import type { Version } from "../version.ts";
import type { ByteString } from "../../shared/bytes.ts";
import { keyBytesMax, transactionKeysMax } from "../../shared/limits.ts";

export interface SnapshotRequest {
  readonly id: number;
  readonly floor: HybridTime;
  readonly time: HybridTime;
  readonly keys: readonly ByteString[];
}

export function encodeSnapshotRequest(writer: ByteWriter, request: SnapshotRequest): void {
  const at = beginMessage(writer, messageSnapshotRequest);
  writer.u64(request.id);
  writer.u64(request.floor);
  writer.u64(request.time);
  writer.u16(request.keys.length);
  for (const key of request.keys) writer.text(key);
  endMessage(writer, at);
}

export function decodeSnapshotRequest(reader: ByteReader): SnapshotRequest {
  const id = reader.u64();
  const floor = reader.u64();
  const time = reader.u64();
  const keys: ByteString[] = [];
  const count = keyCount(reader.u16());
  for (let i = 0; i < count; i++) keys.push(reader.text(keyBytesMax));
  return { id, floor, time, keys };
}

/** What one key shows. */
export interface SnapshotAnswer {
  readonly version: Version | undefined;
  readonly stable: boolean;
  /** Where there is no version: from when on that is known. What was there before may have ended and been collected. */
  readonly since: HybridTime;
  readonly validThrough: HybridTime;
  /** Something is prepared on it at or below the reader's floor: it counts only once that is settled. */
  readonly unsettled: boolean;
}

export interface SnapshotReply {
  readonly id: number;
  readonly clock: HybridTime;
  readonly failure: string | undefined;
  readonly answers: readonly SnapshotAnswer[];
}

export function encodeSnapshotReply(writer: ByteWriter, reply: SnapshotReply): void {
  const at = beginMessage(writer, messageSnapshotReply);
  writer.u64(reply.id);
  writer.u64(reply.clock);
  writer.u8(reply.failure === undefined ? 0 : 1);
  if (reply.failure !== undefined) writer.text(reply.failure);
  writer.u16(reply.answers.length);
  for (const { version, stable, since, validThrough, unsettled } of reply.answers) {
    writer.u8((version === undefined ? 0 : 1) | (stable ? 2 : 0) | (unsettled ? 4 : 0));
    writer.u64(validThrough);
    if (version === undefined) writer.u64(since);
    else encodeVersion(writer, version);
  }
  endMessage(writer, at);
}

export function decodeSnapshotReply(reader: ByteReader): SnapshotReply {
  const id = reader.u64();
  const clock = reader.u64();
  const failure = reader.u8() === 0 ? undefined : reader.text(256);
  const answers: SnapshotAnswer[] = [];
  const count = keyCount(reader.u16());
  for (let i = 0; i < count; i++) {
    const flags = reader.u8();
    if (flags > 7) throw new DecodeError(`unknown flags of an answer: ${flags}`);
    const validThrough = reader.u64();
    const since = (flags & 1) === 0 ? reader.u64() : 0;
    const version = (flags & 1) === 0 ? undefined : decodeVersion(reader);
    answers.push({ version, stable: (flags & 2) !== 0, since, validThrough, unsettled: (flags & 4) !== 0 });
  }
  return { id, clock, failure, answers };
}

function keyCount(count: number): number {
  if (count > transactionKeysMax) throw new DecodeError(`${count} keys, at most ${transactionKeysMax} are allowed`);
  return count;
}
