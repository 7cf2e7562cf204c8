/*
 * The meta record of a checkpoint: what a node must know beside its records to go on from a log position.
 *
 *   u8 format   u64 position   u64 clock bound   u64 seq bound
 *   u32 count, { u16 partition, u64 seq, u64 index, u64 greatest time,
 *                u16 datacenters, { u64 stable, u64 applied watermark, u32 ranges, { u64 from, u64 to } } }
 *   u32 count, { u16 destination, u64 needed from, u32 count, { u16 partition, u64 applied there } }
 *   u32 clients, { text client, u64 answered below, u32 requests, { u64 number, text key, version } }
 *   u32 count, { partition and time of a prepared part (u16, u64), prepared (log-entry.ts), write }
 *   u32 count, { decided (log-entry.ts) }: every part may not be committed yet
 *   version: u8 effect, u16 datacenter, u16 partition, u64 time, u64 seq
 */
import type { NodeCore } from "./node-core.ts";
import { AppliedSet } from "./applied-set.ts";
import type { Partition } from "./partition.ts";
import type { AnsweredRequest } from "./requests.ts";
import { ByteReader, DecodeError } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { Version } from "../protocol/version.ts";
import { decodeDecided, decodePrepared, encodeDecided, encodePrepared } from "../protocol/log-entry.ts";
import { decodeEffect, decodeWrite, encodeWrite } from "../protocol/write.ts";
import type { Bytes, ByteString } from "../shared/bytes.ts";
import { keyBytesMax } from "../shared/limits.ts";

export const metaKey: ByteString = "m";
export const metaFormat = 2;
/** Without transactions. */
const metaFormatOld = 1;

export function encodeMeta(core: NodeCore, position: number): Bytes {
  const writer = new ByteWriter(4096);
  writer.u8(metaFormat);
  writer.u64(position);
  writer.u64(core.state.clock.durableBound);
  writer.u64(core.head.seqBound);
  writer.u32(core.state.partitions.size);
  for (const partition of core.state.partitions.values()) encodePartition(writer, partition);
  encodeShipping(writer, core);
  encodeRequests(writer, core);
  encodeTransactions(writer, core);
  return writer.copy();
}

/** Takes a checkpoint's meta record over. Answers the position from which the log must be replayed. */
export function restoreMeta(core: NodeCore, bytes: Bytes): number {
  const reader = new ByteReader(bytes);
  const format = reader.u8();
  if (format !== metaFormat && format !== metaFormatOld) {
    throw new DecodeError(`checkpoint format ${format}, this program reads ${metaFormatOld} and ${metaFormat}`);
  }
  const position = reader.u64();
  core.state.clock.restore(reader.u64());
  core.head.restoreSeqBound(reader.u64());
  const partitions = reader.u32();
  for (let i = 0; i < partitions; i++) restorePartition(reader, core);
  restoreShipping(reader, core);
  restoreRequests(reader, core);
  if (format === metaFormat) restoreTransactions(reader, core);
  return position;
}

function encodeTransactions(writer: ByteWriter, core: NodeCore): void {
  const prepared = [...core.cohort.prepared()].flatMap(({ id, coordinator, parts }) =>
    parts.map((part) => ({ id, coordinator, part })),
  );
  writer.u32(prepared.length);
  for (const { id, coordinator, part } of prepared) {
    writer.u16(part.partition.id);
    writer.u64(part.time);
    encodePrepared(writer, { id, coordinator, holds: part.holds });
    encodeWrite(writer, part.write);
  }
  const undone = [...core.coordinator.undone()];
  writer.u32(undone.length);
  for (const { id, visible, seq, cohorts } of undone) {
    encodeDecided(writer, { id, visible, seq, cohorts: [...cohorts.keys()] });
  }
}

function restoreTransactions(reader: ByteReader, core: NodeCore): void {
  const parts = reader.u32();
  for (let i = 0; i < parts; i++) {
    const partition = localPartition(core, reader.u16());
    const time = reader.u64();
    core.cohort.restorePrepared(decodePrepared(reader), decodeWrite(reader), partition, time);
  }
  const undone = reader.u32();
  for (let i = 0; i < undone; i++) {
    const { id, visible, seq, cohorts } = decodeDecided(reader);
    core.coordinator.restore(id, visible, seq, cohorts);
    // It was given out, though it does not count as applied yet.
    if (id.datacenter !== core.state.datacenter) continue;
    const partition = localPartition(core, id.partition);
    partition.seq = Math.max(partition.seq, seq);
  }
}

function localPartition(core: NodeCore, id: number): Partition {
  const partition = core.state.local(id);
  if (partition === undefined) throw new DecodeError(`the checkpoint holds partition ${id}, which is not this node's`);
  return partition;
}

/**
 * A proposal that is not durable yet is not in the checkpoint: `seq` and `index` are those of applied entries, so that what
 * is in the log behind the position is numbered as it was.
 */
function encodePartition(writer: ByteWriter, partition: Partition): void {
  writer.u16(partition.id);
  writer.u64(partition.appliedSeq);
  writer.u64(partition.appliedIndex);
  writer.u64(partition.greatestTime);
  writer.u16(partition.applied.length);
  partition.applied.forEach((applied, datacenter) => {
    writer.u64(partition.stable[datacenter] ?? 0);
    writer.u64(applied.watermark);
    const ranges = applied.rangesBeyond();
    writer.u32(ranges.length / 2);
    for (const seq of ranges) writer.u64(seq);
  });
}

function restorePartition(reader: ByteReader, core: NodeCore): void {
  const partition = localPartition(core, reader.u16());
  partition.seq = reader.u64();
  partition.index = reader.u64();
  partition.appliedIndex = partition.index;
  partition.greatestTime = reader.u64();
  const datacenters = reader.u16();
  for (let d = 0; d < datacenters; d++) {
    partition.stable[d] = reader.u64();
    const watermark = reader.u64();
    const ranges: number[] = [];
    const count = reader.u32();
    for (let r = 0; r < count * 2; r++) ranges.push(reader.u64());
    partition.applied[d] = AppliedSet.of(watermark, ranges);
    partition.proposed[d] = AppliedSet.of(watermark, ranges);
  }
}

function encodeShipping(writer: ByteWriter, core: NodeCore): void {
  writer.u32(core.shippers.size);
  for (const shipper of core.shippers.values()) {
    writer.u16(shipper.destination);
    writer.u64(shipper.neededFrom);
    const partitions = [...core.state.partitions.keys()].filter((id) => shipper.appliedOf(id) !== undefined);
    writer.u32(partitions.length);
    for (const id of partitions) {
      writer.u16(id);
      writer.u64(shipper.appliedOf(id)?.watermark ?? 0);
    }
  }
}

function restoreShipping(reader: ByteReader, core: NodeCore): void {
  const count = reader.u32();
  for (let i = 0; i < count; i++) {
    const shipper = core.shippers.get(reader.u16());
    const neededFrom = reader.u64();
    shipper?.restore(neededFrom);
    const partitions = reader.u32();
    for (let p = 0; p < partitions; p++) {
      const id = reader.u16();
      shipper?.restoreApplied(id, reader.u64());
    }
  }
}

function encodeRequests(writer: ByteWriter, core: NodeCore): void {
  const { requests } = core.head;
  writer.u32(requests.clientCount);
  for (const [client, { answeredBelow, requests: answered }] of requests.clients()) {
    writer.text(client);
    writer.u64(answeredBelow);
    const durable = durableWrites(answered, core.state.proposals.durableLsn);
    writer.u32(durable.length);
    for (const [number, { key, version }] of durable) {
      writer.u64(number);
      writer.text(key);
      writer.u8(version.effect);
      writer.u16(version.datacenter);
      writer.u16(version.partition);
      writer.u64(version.time);
      writer.u64(version.seq);
    }
  }
}

function durableWrites(
  answered: ReadonlyMap<number, AnsweredRequest>,
  durableLsn: number,
): [number, { key: ByteString; version: Version }][] {
  const writes: [number, { key: ByteString; version: Version }][] = [];
  for (const [number, { key, version, lsn }] of answered) {
    if (version !== undefined && lsn <= durableLsn) writes.push([number, { key, version }]);
  }
  return writes;
}

function restoreRequests(reader: ByteReader, core: NodeCore): void {
  const clients = reader.u32();
  for (let c = 0; c < clients; c++) {
    const client = reader.text(64);
    const answeredBelow = reader.u64();
    const usedMs = core.state.timerMs;
    core.head.requests.touch(client, answeredBelow, usedMs);
    const count = reader.u32();
    for (let i = 0; i < count; i++) {
      const id = { client, number: reader.u64(), answeredBelow };
      core.head.requests.add(id, { key: reader.text(keyBytesMax), version: readVersion(reader), lsn: 0 }, usedMs);
    }
  }
}

function readVersion(reader: ByteReader): Version {
  const effect = decodeEffect(reader.u8());
  const datacenter = reader.u16();
  const partition = reader.u16();
  const time = reader.u64();
  const seq = reader.u64();
  return new Version(effect, "", time, datacenter, partition, seq, time, 0, 0);
}
