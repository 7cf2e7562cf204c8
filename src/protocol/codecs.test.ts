import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteReader } from "./byte-reader.ts";
import { decodeDependencies, encodeDependencies, noDependencies } from "./dependencies.ts";
import type { Dependencies } from "./dependencies.ts";
import * as logEntry from "./log-entry.ts";
import { decodeDepCheck, decodeDepHolds, encodeDepCheck, encodeDepHolds } from "./messages/dep-check.ts";
import type { CheckedDot, DepHolds } from "./messages/dep-check.ts";
import * as forward from "./messages/forward.ts";
import { messageHeaderBytes as h } from "./messages/message.ts";
import * as snapshot from "./messages/snapshot.ts";
import * as stream from "./messages/stream.ts";
import * as transaction from "./messages/transaction.ts";
import { decodeRecord, encodeRecord } from "./record.ts";
import {
  dependencies,
  failure,
  indexes,
  origin,
  partition,
  request,
  text,
  transactionId,
  transactionPart,
  u32,
  u64,
  version,
  versionOrNone,
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
import { decodePart, encodePart } from "./transaction-part.ts";
import type { TransactionPart } from "./transaction-part.ts";
import { effectAssign, effectDelete, effectExpire, originOf, Version } from "./version.ts";
import { decodeRequestId, decodeWrite, encodeRequestId, encodeWrite } from "./write.ts";
import type { RequestId, Write } from "./write.ts";
import type { Bytes } from "../shared/bytes.ts";

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

const index = fc.nat(0xffff);
const someTouch = { time: 8, datacenter: 2, partition: 2, seq: 9 };
const someTouched = new Version(effectAssign, "v", 5, 1, 2, 3, 10, 0, 11, someTouch);
const someTransaction: transaction.TransactionId = { datacenter: 1, partition: 2, number: 3 };
const somePart: TransactionPart = { coordinator: 2, seq: 3, number: 4, index: 0, count: 2, partitions: [2, 258] };
const expectingRequest: forward.WriteRequest = {
  effect: effectExpire,
  key: "k",
  value: "",
  expiry: 9,
  condition: forward.conditionVersion,
  expected: { time: 5, datacenter: 1, partition: 2 },
  wantOld: false,
  request: undefined,
};
const keepingRequest: forward.WriteRequest = {
  ...someWriteRequest,
  expiry: forward.expiryKept,
  condition: forward.conditionExpiresLater,
  request: undefined,
};

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
  caseOf<logEntry.Hole>(
    "hole",
    {
      values: fc
        .tuple(partition, fc.integer({ min: 1, max: 99 }), fc.nat(99))
        .map(([d, from, more]) => ({ datacenter: d, from, to: from + more })),
      encode: logEntry.encodeHole,
      decode: logEntry.decodeHole,
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
      values: fc.record({
        id: u64,
        clock: u64,
        stable: fc.boolean(),
        version: versionOrNone,
        failed: fc.boolean(),
      }),
      encode: forward.encodeReadReply,
      decode: forward.decodeReadReply,
    },
    { id: 1, clock: 2, stable: true, version: someVersion, failed: false },
    "093c000000010000000000000002000000000000000301000100020005000000000000000300000000000000060000000000000007000000000000000100000076",
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
    "0a55000000010000000000000002000000000000000100010002000300000000000000010004000500000000000200000001190000000000000000010000006301000000000000000100000000000000010000006b0100000076",
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
    "0b3c000000010000000000000002000000000000000a01000100020005000000000000000300000000000000060000000000000007000000000000000100000076",
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
  caseOf<Write>(
    "write that sets an expiry, in a transaction",
    { values: write, encode: encodeWrite, decode: decodeWrite },
    {
      effect: effectExpire,
      datacenter: 1,
      partition: 2,
      time: 3,
      seq: 4,
      dependencies: noDependencies,
      expiry: 9,
      request: undefined,
      part: { ...somePart, index: 1, partitions: [] },
      target: { time: 5, datacenter: 1, partition: 2 },
      key: "k",
      value: "",
    },
    "030d010002000300000000000000040000000000000000000000090000000000000002000300000000000000040000000000000001000200050000000000000001000200010000006b00000000",
  ),
  caseOf<TransactionPart>(
    "part of a transaction",
    { values: transactionPart, encode: encodePart, decode: decodePart },
    somePart,
    "0200030000000000000004000000000000000000020002000201",
  ),
  caseOf<logEntry.Prepared>(
    "prepared",
    {
      values: fc.record({ id: transactionId, coordinator: index, holds: fc.boolean() }),
      encode: logEntry.encodePrepared,
      decode: logEntry.decodePrepared,
    },
    { id: someTransaction, coordinator: 257, holds: true },
    "010002000300000000000000010101",
  ),
  caseOf<logEntry.Decided>(
    "decided",
    {
      values: fc.record({ id: transactionId, visible: u64, seq: u64, cohorts: indexes }),
      encode: logEntry.encodeDecided,
      decode: logEntry.decodeDecided,
    },
    { id: someTransaction, visible: 4, seq: 5, cohorts: [256, 257] },
    "01000200030000000000000004000000000000000500000000000000020000010101",
  ),
  caseOf<transaction.TransactionId>(
    "transaction",
    { values: transactionId, encode: transaction.encodeTransactionId, decode: transaction.decodeTransactionId },
    someTransaction,
    "010002000300000000000000",
  ),
  caseOf<forward.WriteRequest>(
    "requested write",
    { values: writeRequest, encode: forward.encodeRequestedWrite, decode: forward.decodeRequestedWrite },
    expectingRequest,
    "03230900000000000000050000000000000001000200010000006b00000000",
  ),
  caseOf<forward.WriteRequest>(
    "requested write that keeps the expiry",
    { values: writeRequest, encode: forward.encodeRequestedWrite, decode: forward.decodeRequestedWrite },
    keepingRequest,
    "014f0000000000000000010000006b0100000076",
  ),
  caseOf<Version>(
    "version whose expiry was set later",
    { values: version, encode: forward.encodeVersion, decode: forward.decodeVersion },
    someTouched,
    "010101000200050000000000000003000000000000000a000000000000000b0000000000000008000000000000000200020009000000000000000100000076",
  ),
  caseOf<stream.ClosedAnnouncement>(
    "closed",
    { values: fc.record({ time: u64, seqs }), encode: stream.encodeClosed, decode: stream.decodeClosed },
    { time: 7, seqs: [1, 2] },
    "0c1600000007000000000000000100000001000200000000000000",
    h,
  ),
  caseOf<snapshot.SnapshotRequest>(
    "snapshot-request",
    {
      values: fc.record({ id: u64, floor: u64, time: u64, keys: fc.array(text, { maxLength: 4 }) }),
      encode: snapshot.encodeSnapshotRequest,
      decode: snapshot.decodeSnapshotRequest,
    },
    { id: 1, floor: 2, time: 3, keys: ["k", ""] },
    "0d230000000100000000000000020000000000000003000000000000000200010000006b00000000",
    h,
  ),
  caseOf<snapshot.SnapshotReply>(
    "snapshot-reply",
    {
      values: fc.record({
        id: u64,
        clock: u64,
        failure,
        answers: fc.array(
          fc
            .record({
              version: versionOrNone,
              stable: fc.boolean(),
              since: u64,
              validThrough: u64,
              unsettled: fc.boolean(),
            })
            // Since when there is nothing is said only where there is nothing.
            .map((answer) => (answer.version === undefined ? answer : { ...answer, since: 0 })),
          { maxLength: 4 },
        ),
      }),
      encode: snapshot.encodeSnapshotReply,
      decode: snapshot.decodeSnapshotReply,
    },
    {
      id: 1,
      clock: 2,
      failure: undefined,
      answers: [
        { version: someTouched, stable: true, since: 0, validThrough: 12, unsettled: false },
        { version: undefined, stable: false, since: 11, validThrough: 13, unsettled: true },
      ],
    },
    "0e6c00000001000000000000000200000000000000000200030c00000000000000010101000200050000000000000003000000000000000a000000000000000b0000000000000008000000000000000200020009000000000000000100000076040d000000000000000b00000000000000",
    h,
  ),
  caseOf<transaction.TransactionRequest>(
    "trans-request",
    {
      values: fc.record({
        id: u64,
        floor: u64,
        dependencies,
        request: fc.option(request, { nil: undefined }),
        writes: fc.array(writeRequest, { maxLength: 4 }),
      }),
      encode: transaction.encodeTransactionRequest,
      decode: transaction.decodeTransactionRequest,
    },
    {
      id: 1,
      floor: 2,
      dependencies: noDependencies,
      request: { client: "c", number: 1, answeredBelow: 1 },
      writes: [expectingRequest],
    },
    "0f4b000000010000000000000002000000000000000000000001010000006301000000000000000100000000000000010003230900000000000000050000000000000001000200010000006b00000000",
    h,
  ),
  caseOf<transaction.TransactionReply>(
    "trans-reply",
    {
      values: fc.record({
        id: u64,
        clock: u64,
        failure,
        version: versionOrNone,
        repeated: fc.boolean(),
        olds: fc.array(versionOrNone, { maxLength: 4 }),
      }),
      encode: transaction.encodeTransactionReply,
      decode: transaction.decodeTransactionReply,
    },
    { id: 1, clock: 2, failure: undefined, version: someVersion, repeated: true, olds: [undefined, someVersion] },
    "106b0000000100000000000000020000000000000006010001000200050000000000000003000000000000000600000000000000070000000000000001000000760200000101000100020005000000000000000300000000000000060000000000000007000000000000000100000076",
    h,
  ),
  caseOf<transaction.Prepare>(
    "prepare",
    {
      values: fc.record({
        transaction: transactionId,
        floor: u64,
        count: fc.nat(4096),
        indexes,
        writes: fc.array(fc.record({ index, write: writeRequest }), { maxLength: 4 }),
      }),
      encode: transaction.encodePrepare,
      decode: transaction.decodePrepare,
    },
    { transaction: someTransaction, floor: 4, count: 2, indexes: [1], writes: [{ index: 1, write: expectingRequest }] },
    "113d00000001000200030000000000000004000000000000000200010001000100010003230900000000000000050000000000000001000200010000006b00000000",
    h,
  ),
  caseOf<transaction.Vote>(
    "vote",
    {
      values: fc.record({
        transaction: transactionId,
        clock: u64,
        failure,
        parts: fc.array(fc.record({ index, old: versionOrNone }), { maxLength: 4 }),
      }),
      encode: transaction.encodeVote,
      decode: transaction.decodeVote,
    },
    { transaction: someTransaction, clock: 4, failure: "CONDITION", parts: [{ index: 1, old: someVersion }] },
    "125200000001000200030000000000000004000000000000000109000000434f4e444954494f4e010001000101000100020005000000000000000300000000000000060000000000000007000000000000000100000076",
    h,
  ),
  caseOf<transaction.Decision>(
    "decision",
    {
      values: fc.record({
        transaction: transactionId,
        verdict: fc.constantFrom(transaction.verdictCommit, transaction.verdictAbort, transaction.verdictNotYet),
        visible: u64,
        seq: u64,
      }),
      encode: transaction.encodeDecision,
      decode: transaction.decodeDecision,
    },
    { transaction: someTransaction, verdict: transaction.verdictCommit, visible: 4, seq: 5 },
    "131d0000000100020003000000000000000104000000000000000500000000000000",
    h,
  ),
  caseOf<transaction.TransactionId>(
    "committed",
    { values: transactionId, encode: transaction.encodeCommitted, decode: transaction.decodeTransactionId },
    someTransaction,
    "140c000000010002000300000000000000",
    h,
  ),
  caseOf<transaction.Question>(
    "trans-question",
    {
      values: fc.record({ transaction: transactionId, time: u64, clock: u64, indexes }),
      encode: transaction.encodeQuestion,
      decode: transaction.decodeQuestion,
    },
    { transaction: someTransaction, time: 4, clock: 5, indexes: [1] },
    "15200000000100020003000000000000000400000000000000050000000000000001000100",
    h,
  ),
  caseOf<transaction.PartsHere>(
    "part-here",
    {
      values: fc.record({ transaction: transactionId, indexes }),
      encode: transaction.encodePartsHere,
      decode: transaction.decodePartsHere,
    },
    { transaction: someTransaction, indexes: [0, 2] },
    "1612000000010002000300000000000000020000000200",
    h,
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

describe("what a decoder refuses", () => {
  const cut = (bytes: Bytes): ByteReader => new ByteReader(bytes);

  it("is an impossible part of a transaction", () => {
    for (const [wrong, value] of [
      ["count", 0],
      ["count", 4097],
      ["index", 2],
      ["coordinator", 16384],
    ] as const) {
      const bytes = encoded({ encode: encodePart }, { ...somePart, [wrong]: value });
      expect(() => decodePart(cut(bytes))).toThrow("impossible part");
    }
  });

  it("is an effect on an expiry without the version that it is for, and a version with any other effect", () => {
    const plain: Write = {
      effect: effectExpire,
      datacenter: 1,
      partition: 2,
      time: 3,
      seq: 4,
      dependencies: noDependencies,
      expiry: 9,
      request: undefined,
      key: "k",
      value: "",
    };
    const target = { time: 5, datacenter: 1, partition: 2 };
    for (const wrong of [plain, { ...plain, effect: effectAssign, target }]) {
      expect(() => decodeWrite(cut(encoded({ encode: encodeWrite }, wrong)))).toThrow("set for one version");
    }
  });

  it("is a condition on a version that is not named, an unknown verdict, a transaction that there cannot be", () => {
    const unnamed = { ...expectingRequest, expected: undefined };
    const bytes = encoded({ encode: forward.encodeRequestedWrite }, unnamed);
    expect(() => forward.decodeRequestedWrite(cut(bytes))).toThrow("not named");
    const decision = encoded(
      { encode: transaction.encodeDecision },
      { transaction: someTransaction, verdict: transaction.verdictCommit, visible: 1, seq: 1 } as const,
      h,
    );
    decision[12] = 4;
    expect(() => transaction.decodeDecision(cut(decision))).toThrow("unknown verdict 4");
    for (const wrong of [
      { datacenter: 64, partition: 0, number: 1 },
      { datacenter: 0, partition: 16384, number: 1 },
    ]) {
      const id = encoded({ encode: transaction.encodeTransactionId }, wrong);
      expect(() => transaction.decodeTransactionId(cut(id))).toThrow("no such transaction");
    }
  });

  it("is more parts or keys than a transaction may have", () => {
    const many = Array.from({ length: 4097 }, (_, i) => i);
    const here = encoded({ encode: transaction.encodePartsHere }, { transaction: someTransaction, indexes: many }, h);
    expect(() => transaction.decodePartsHere(cut(here))).toThrow("at most 4096");
    const keys = many.map(String);
    const asked = encoded({ encode: snapshot.encodeSnapshotRequest }, { id: 1, floor: 2, time: 3, keys }, h);
    expect(() => snapshot.decodeSnapshotRequest(cut(asked))).toThrow("at most 4096");
  });
});
