import { describe, expect, it } from "vitest";
import { putIdOfNoPut, requestOfPut } from "./put-ids.ts";
import { splitFrame } from "./split-frame.ts";
import { ByteReader } from "../../protocol/byte-reader.ts";
import { ByteWriter } from "../../protocol/byte-writer.ts";
import { noDependencies } from "../../protocol/dependencies.ts";
import { beginEntry, encodeHole, endEntry, EntryCursor, entryHole, entryPut } from "../../protocol/log-entry.ts";
import { beginMessage, endMessage, messageHeartbeat, messageStreamData } from "../../protocol/messages/message.ts";
import { encodeStreamOpen } from "../../protocol/messages/stream.ts";
import { effectAssign } from "../../protocol/version.ts";
import { decodeWrite, encodeWrite } from "../../protocol/write.ts";
import type { RequestId } from "../../protocol/write.ts";
import type { Bytes } from "../../shared/bytes.ts";

function putEntry(writer: ByteWriter, key: string, request: RequestId | undefined): void {
  const at = beginEntry(writer, entryPut, 1, 7, 4096);
  const write = {
    effect: effectAssign,
    datacenter: 0,
    partition: 1,
    time: 4096,
    seq: 9,
    expiry: 0,
    value: "v",
  } as const;
  encodeWrite(writer, { ...write, dependencies: noDependencies, request, key });
  endEntry(writer, at);
}

function holeEntry(writer: ByteWriter): void {
  const at = beginEntry(writer, entryHole, 1, 8, 4097);
  encodeHole(writer, { datacenter: 0, from: 3, to: 5 });
  endEntry(writer, at);
}

function streamData(writer: ByteWriter, epoch: number, number: number, ...entries: ((to: ByteWriter) => void)[]): void {
  const at = beginMessage(writer, messageStreamData);
  writer.u64(epoch);
  writer.u32(number);
  for (const entry of entries) entry(writer);
  endMessage(writer, at);
}

function heartbeat(writer: ByteWriter): void {
  const at = beginMessage(writer, messageHeartbeat);
  writer.u64(12);
  endMessage(writer, at);
}

/** What a receiver would make of a frame, in words. */
function inWords(frame: Bytes): string[] {
  const words: string[] = [];
  const reader = new ByteReader(frame);
  while (reader.remaining > 0) {
    const type = reader.u8();
    const body = reader.skip(reader.u32());
    if (type !== messageStreamData) {
      words.push(`message ${type}`);
      continue;
    }
    const data = new ByteReader(frame, body, reader.offset);
    const entries: string[] = [];
    const name = `data ${data.u64()}.${data.u32()}`;
    const cursor = new EntryCursor().over(frame, data.offset, data.end);
    while (cursor.next()) entries.push(cursor.kind === entryPut ? `put ${decodeWrite(cursor.body).key}` : "hole");
    words.push([name, ...entries].join(" "));
  }
  return words;
}

function split(fill: (writer: ByteWriter) => void): [string, ...string[]][] {
  const writer = new ByteWriter();
  fill(writer);
  return splitFrame(writer.bytes, writer.length).map(({ putId, frame }) => [putId, ...inWords(frame)]);
}

const put = (key: string, putId: string) => (writer: ByteWriter) =>
  putEntry(writer, key, requestOfPut("1.1", 1, putId));

describe("a frame for another datacenter", () => {
  it("goes as one message for each write, under its PUTID, and one for all the rest", () => {
    const parts = split((writer) => {
      heartbeat(writer);
      streamData(writer, 5, 1, put("a", "0"), holeEntry, put("b", "x/y"));
      encodeStreamOpen(writer, { epoch: 3, applied: [] });
      streamData(writer, 5, 2, put("c", "2"));
    });
    expect(parts).toEqual([
      [putIdOfNoPut, "message 1", "data 5.1 hole", "message 2"],
      ["0", "data 5.1 put a"],
      ["x/y", "data 5.1 put b"],
      ["2", "data 5.2 put c"],
    ]);
  });

  it("carries only writes when there is nothing else to say", () => {
    expect(split((writer) => streamData(writer, 5, 1, put("a", "0")))).toEqual([["0", "data 5.1 put a"]]);
  });

  it("keeps an empty stream message, which answers an opening", () => {
    expect(split((writer) => streamData(writer, 5, 1))).toEqual([[putIdOfNoPut, "data 5.1"]]);
  });

  it("sends a write that no client named under the PUTID of the rest, by itself", () => {
    const parts = split((writer) => streamData(writer, 5, 1, (to) => putEntry(to, "a", undefined)));
    expect(parts).toEqual([[putIdOfNoPut, "data 5.1 put a"]]);
  });
});
