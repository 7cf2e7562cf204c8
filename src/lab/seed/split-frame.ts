/*
 * Takes a frame for another datacenter apart, so that a scenario can hold each write back by its own PUTID.
 *
 * Each shipped write goes as a stream-data message of its own, under the epoch and number of the message that it came in.
 * The receiver acknowledges that number when it gets the first part; that moves the shipper's window only, and the master
 * loses nothing: a part that it holds back arrives later, and until it is applied the log keeps it (design, 3.3).
 * Everything else stays together in one frame, under a PUTID that no scenario names.
 */
import { putIdOfNoPut, putIdOfRequest } from "./put-ids.ts";
import { ByteReader } from "../../protocol/byte-reader.ts";
import { ByteWriter } from "../../protocol/byte-writer.ts";
import { EntryCursor, entryHeaderBytes, entryPut } from "../../protocol/log-entry.ts";
import { beginMessage, endMessage, messageHeaderBytes, messageStreamData } from "../../protocol/messages/message.ts";
import { decodeWrite } from "../../protocol/write.ts";
import type { Bytes, ByteString } from "../../shared/bytes.ts";

export interface RoutedFrame {
  readonly putId: ByteString;
  readonly frame: Bytes;
}

export function splitFrame(frame: Bytes, length: number): RoutedFrame[] {
  const writes: RoutedFrame[] = [];
  const others = new ByteWriter();
  const reader = new ByteReader(frame, 0, length);
  while (reader.remaining > 0) {
    const start = reader.offset;
    const type = reader.u8();
    const body = reader.skip(reader.u32());
    if (type === messageStreamData) splitStreamData(new ByteReader(frame, body, reader.offset), writes, others);
    else others.raw(frame, start, reader.offset);
  }
  if (others.length === 0) return writes;
  return [{ putId: putIdOfNoPut, frame: others.copy() }, ...writes];
}

function splitStreamData(body: ByteReader, writes: RoutedFrame[], others: ByteWriter): void {
  const epoch = body.u64();
  const number = body.u32();
  const cursor = new EntryCursor().over(body.bytes, body.offset, body.end);
  const rest = beginStreamData(others, epoch, number);
  const emptyLength = others.length;
  let split = 0;
  while (cursor.next()) {
    const start = cursor.body.offset - entryHeaderBytes;
    const { bytes, end } = cursor.body;
    if (cursor.kind !== entryPut) {
      others.raw(bytes, start, end);
      continue;
    }
    const writer = new ByteWriter(end - start + 32);
    const at = beginStreamData(writer, epoch, number);
    writer.raw(bytes, start, end);
    endMessage(writer, at);
    writes.push({ putId: putIdOfRequest(decodeWrite(cursor.body).request), frame: writer.copy() });
    split++;
  }
  // An empty message answers an opening; one that only lost its writes has nothing left to say.
  if (split > 0 && others.length === emptyLength) others.length = rest - messageHeaderBytes;
  else endMessage(others, rest);
}

function beginStreamData(writer: ByteWriter, epoch: number, number: number): number {
  const at = beginMessage(writer, messageStreamData);
  writer.u64(epoch);
  writer.u32(number);
  return at;
}
