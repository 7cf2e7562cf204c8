/*
 * A write's place in its transaction (design, 3.6). Each key's write is a part: it travels on its own partition's stream under
 * a seq of its own, and everybody who reads it depends on the transaction's dot instead, which is that of the first part, the
 * coordinator's, and counts as applied only when all parts are committed in that datacenter.
 *
 *   u16 coordinating partition   u64 seq of the coordinator's dot   u64 number of its name at home   u16 index   u16 count
 *   of index 0: count times u16 partition, those of all parts in order
 *
 * The dependencies of the transaction are those of part 0; the other parts have none of their own.
 */
import { DecodeError } from "./byte-reader.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { partitionsMax, transactionKeysMax } from "../shared/limits.ts";

export interface TransactionPart {
  /** The partition of part 0. */
  readonly coordinator: number;
  /** The transaction's dot: (datacenter of the write, `coordinator`, `seq`). 0 while it is not decided. */
  readonly seq: number;
  /** With `coordinator` its name at home, from its prepares on. */
  readonly number: number;
  readonly index: number;
  readonly count: number;
  /** The partitions of all parts, where this is part 0; empty elsewhere. */
  readonly partitions: readonly number[];
}

export function encodePart(writer: ByteWriter, part: TransactionPart): void {
  writer.u16(part.coordinator);
  writer.u64(part.seq);
  writer.u64(part.number);
  writer.u16(part.index);
  writer.u16(part.count);
  for (const partition of part.partitions) writer.u16(partition);
}

export function decodePart(reader: ByteReader): TransactionPart {
  const coordinator = reader.u16();
  const seq = reader.u64();
  const number = reader.u64();
  const index = reader.u16();
  const count = reader.u16();
  if (count < 1 || count > transactionKeysMax || index >= count || coordinator >= partitionsMax) {
    throw new DecodeError(`impossible part ${index} of ${count} of a transaction of partition ${coordinator}`);
  }
  const partitions: number[] = [];
  for (let i = 0; index === 0 && i < count; i++) partitions.push(reader.u16());
  return { coordinator, seq, number, index, count, partitions };
}
