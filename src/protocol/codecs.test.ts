import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeDependencies, encodeDependencies, noDependencies } from "./dependencies.ts";
import type { Dependencies } from "./dependencies.ts";
import { decodeHole, encodeHole } from "./log-entry.ts";
import type { Hole } from "./log-entry.ts";
import { decodeDepCheck, decodeDepHolds, encodeDepCheck, encodeDepHolds } from "./messages/dep-check.ts";
import type { CheckedDot, DepHolds } from "./messages/dep-check.ts";
import * as forward from "./messages/forward.ts";
import { messageHeaderBytes } from "./messages/message.ts";
import * as stream from "./messages/stream.ts";
import { decodeRecord, encodeRecord } from "./record.ts";
import {
  dependencies,
  origin,
  partition,
  request,
  text,
  u32,
  u64,
  version,
  write,
  writeRequest,
} from "./testing/arbitraries.ts";
import {
  encoded,
  givesBackWhatWasEncoded,
  hexOf,
  refusesWhatIsCutShort,
  throwsNothingElse,
} from "./testing/codec-laws.ts";
import type { Codec } from "./testing/codec-laws.ts";
import { effectAssign, effectDelete, originOf, Version } from "./version.ts";
import { decodeRequestId, decodeWrite, encodeRequestId, encodeWrite } from "./write.ts";
import type { RequestId, Write } from "./write.ts";

interface Case {
  readonly name: string;
  /** Bytes of the message's header, which its decoder does not get. */
  readonly header: number;
  /** The format, pinned: whoever changes it changes what nodes and disks of other versions read. */
  readonly hex: string;
  laws(check: (codec: Codec<unknown>, header: number) => void): void;
  example(): string;
}

function caseOf<T>(name: string, codec: Codec<T>, example: T, hex: string, header = 0): Case {
  return {
    name,
    header,
    hex,
    laws: (check) => check(codec, header),
    example: () => hexOf(encoded(codec, example)),
  };
}

const someDependencies: Dependencies = { dots: [originOf(1, 2), 3], prefixes: [originOf(4, 5), 2 ** 33] };
const someVersion = new Version(effectAssign, "v", 5, 1, 2, 3, 6, 0, 7);
const dot: fc.Arbitrary<CheckedDot> = fc.record({ origin, seq: u64, prefix: fc.boolean() });
const seqs = fc.array(fc.tuple(partition, u64), { maxLength: 5 }).map((list) => list.flat());

/** A watermark and ranges beyond it, ascending and apart. */
const appliedOf: fc.Arbitrary<stream.AppliedOf> = fc
  .tuple(partition, fc.nat(1000), fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 6 }))
  .map(([id, watermark, steps]) => {
    const ranges: number[] = [];
    let at = watermark;
    for (const step of steps.slice(0, steps.length - (steps.length % 2))) ranges.push((at += step));
    return { partition: id, watermark, ranges };
  });

interface IdentifiedWrite {
  readonly id: number;
  readonly floor: number;
  readonly dependencies: Dependencies;
  readonly write: forward.WriteRequest;
}

const someWriteRequest: forward.WriteRequest = {
  effect: effectAssign,
  key: "k",
  value: "v",
  expiry: 0,
  condition: forward.conditionAbsent,
  wantOld: true,
  request: { client: "c", number: 1, answeredBelow: 1 },
};

const h = messageHeaderBytes;
const cases: Case[] = [
  caseOf<Dependencies>(
    "dependencies",
    { values: dependencies, encode: encodeDependencies, decode: decodeDependencies },
    someDependencies,
    "01000100020003000000000000000100040005000000000002000000",
  ),
  caseOf<RequestId>(
    "request id",
    { values: request, encode: encodeRequestId, decode: decodeRequestId },
    { client: "ab", number: 7, answeredBelow: 6 },
    "02000000616207000000000000000600000000000000",
  ),
  caseOf<Write>(
    "write",
    { values: write, encode: encodeWrite, decode: decodeWrite },
    {
      effect: effectAssign,
      datacenter: 1,
      partition: 2,
      time: 2 ** 40,
      seq: 3,
      dependencies: someDependencies,
      expiry: 9,
      request: { client: "c", number: 1, answeredBelow: 1 },
      key: "key",
      value: "\u00ff",
    },
    "01030100020000000000000100000300000000000000010001000200030000000000000001000400050000000000020000000900000000000000010000006301000000000000000100000000000000030000006b657901000000ff",
  ),
  caseOf<Hole>(
    "hole",
    {
      values: fc
        .tuple(partition, fc.integer({ min: 1, max: 99 }), fc.nat(99))
        .map(([d, from, more]) => ({ datacenter: d, from, to: from + more })),
      encode: encodeHole,
      decode: decodeHole,
    },
    { datacenter: 1, from: 2, to: 300 },
    "010002000000000000002c01000000000000",
  ),
  caseOf<CheckedDot[]>(
    "dep-check",
    { values: fc.array(dot, { maxLength: 5 }), encode: encodeDepCheck, decode: decodeDepCheck },
    [{ origin: originOf(1, 2), seq: 3, prefix: true }],
    "06110000000100000001010002000300000000000000",
    h,
  ),
  caseOf<DepHolds>(
    "dep-holds",
    {
      values: fc.record({
        clock: u64,
        dots: fc.array(dot, { maxLength: 4 }),
        watermarks: fc.array(fc.record({ origin, watermark: u64 }), { maxLength: 4 }),
      }),
      encode: encodeDepHolds,
      decode: decodeDepHolds,
    },
    {
      clock: 9,
      dots: [{ origin: originOf(1, 2), seq: 3, prefix: false }],
      watermarks: [{ origin: originOf(1, 2), watermark: 3 }],
    },
    "07290000000900000000000000010000000001000200030000000000000001000000010002000300000000000000",
    h,
  ),
  caseOf<stream.StreamOpen>(
    "stream-open",
    {
      values: fc.record({ epoch: u64, applied: fc.array(appliedOf, { maxLength: 4 }) }),
      encode: stream.encodeStreamOpen,
      decode: stream.decodeStreamOpen,
    },
    { epoch: 7, applied: [{ partition: 1, watermark: 2, ranges: [4, 5] }] },
    "022a000000070000000000000001000000010002000000000000000100000004000000000000000500000000000000",
    h,
  ),
  caseOf<stream.StreamAck>(
    "stream-ack",
    {
      values: fc.record({ epoch: u64, clock: u64, received: fc.array(u32, { maxLength: 4 }), applied: seqs }),
      encode: stream.encodeStreamAck,
      decode: stream.decodeStreamAck,
    },
    { epoch: 7, clock: 8, received: [1], applied: [2, 3] },
    "04260000000700000000000000080000000000000001000000010000000100000002000300000000000000",
    h,
  ),
  caseOf<stream.StableNotice>(
    "stable",
    { values: fc.record({ clock: u64, stable: seqs }), encode: stream.encodeStable, decode: stream.decodeStable },
    { clock: 7, stable: [1, 2] },
    "051600000007000000000000000100000001000200000000000000",
    h,
  ),
  caseOf<forward.ForwardedRead>(
    "read-request",
    {
      values: fc.record({ id: u64, session: u64, floor: u64, key: text }),
      encode: forward.encodeReadRequest,
      decode: forward.decodeReadRequest,
    },
    { id: 1, session: 2, floor: 3, key: "k" },
    "081d000000010000000000000002000000000000000300000000000000010000006b",
    h,
  ),
  caseOf<forward.ReadReply>(
    "read-reply",
    {
      values: fc.record({ id: u64, clock: u64, stable: fc.boolean(), version: fc.option(version, { nil: undefined }) }),
      encode: forward.encodeReadReply,
      decode: forward.decodeReadReply,
    },
    { id: 1, clock: 2, stable: true, version: someVersion },
    "093b0000000100000000000000020000000000000003010100020005000000000000000300000000000000060000000000000007000000000000000100000076",
    h,
  ),
  caseOf<IdentifiedWrite>(
    "write-request",
    {
      values: fc.record({ id: u64, floor: u64, dependencies, write: writeRequest }),
      encode: (writer, sent) => forward.encodeWriteRequest(writer, sent.id, sent.floor, sent.dependencies, sent.write),
      decode: forward.decodeWriteRequest,
    },
    { id: 1, floor: 2, dependencies: someDependencies, write: someWriteRequest },
    "0a5500000001000000000000000200000000000000010d000000000000000001000000630100000000000000010000000000000001000100020003000000000000000100040005000000000002000000010000006b0100000076",
    h,
  ),
  caseOf<forward.WriteReply>(
    "write-reply",
    {
      values: fc.record({
        id: u64,
        clock: u64,
        failure: fc.option(text, { nil: undefined }),
        version: fc.option(version, { nil: undefined }),
        old: fc.option(version, { nil: undefined }),
        repeated: fc.boolean(),
      }),
      encode: forward.encodeWriteReply,
      decode: forward.decodeWriteReply,
    },
    { id: 1, clock: 2, failure: undefined, version: someVersion, old: undefined, repeated: true },
    "0b3b000000010000000000000002000000000000000a010100020005000000000000000300000000000000060000000000000007000000000000000100000076",
    h,
  ),
  caseOf<Version>(
    "record",
    {
      values: version,
      encode: encodeRecord,
      decode(reader) {
        const at = reader.skip(reader.remaining);
        return decodeRecord(reader.bytes.subarray(at, reader.end));
      },
    },
    new Version(effectDelete, "", 5, 1, 2, 3, 6, 4, 7),
    "01020100020005000000000000000300000000000000060000000000000004000000000000000700000000000000",
  ),
];

describe.each(cases)("the codec of $name", ({ hex, laws, example }) => {
  it("gives back what was encoded, and takes all of it", () => {
    expect.hasAssertions();
    laws(givesBackWhatWasEncoded);
  });

  it("throws nothing but DecodeError on whatever bytes", () => {
    expect.hasAssertions();
    laws(throwsNothingElse);
  });

  it("writes the pinned format", () => expect(example()).toBe(hex));
});

// A record's value runs to the end: cut within it, it is another record, and the store's checksums are what tells.
describe.each(cases.filter(({ name }) => name !== "record"))("the codec of $name", ({ laws }) => {
  it("refuses what is cut short", () => {
    expect.hasAssertions();
    laws(refusesWhatIsCutShort);
  });
});

describe("dependencies", () => {
  it("that are none decode to the one that stands for none", () => {
    const bytes = encoded({ encode: encodeDependencies }, noDependencies);
    expect(hexOf(bytes)).toBe("00000000");
  });
});
