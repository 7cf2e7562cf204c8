/*
 * Whatever a peer says that decodes: nothing but DecodeError is thrown for it, now or later (invariant 14).
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Cluster } from "./testing/cluster.ts";
import type { TestNode } from "./testing/test-node.ts";
import { DecodeError } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import { encodeSnapshotReply, encodeSnapshotRequest } from "../protocol/messages/snapshot.ts";
import { encodeClosed } from "../protocol/messages/stream.ts";
import * as transaction from "../protocol/messages/transaction.ts";
import {
  dependencies,
  failure,
  indexes,
  request,
  transactionId,
  u64,
  versionOrNone,
  writeRequest,
} from "../protocol/testing/arbitraries.ts";

type Says = (writer: ByteWriter) => void;

function saying<T>(values: fc.Arbitrary<T>, encode: (writer: ByteWriter, value: T) => void): fc.Arbitrary<Says> {
  return values.map((value) => (writer) => encode(writer, value));
}

/** Ids that there are, and any. */
const id = fc.oneof(
  fc.record({ datacenter: fc.nat(2), partition: fc.nat(4), number: fc.nat(3) }),
  transactionId,
) as fc.Arbitrary<transaction.TransactionId>;
const key = fc.constantFrom("0:a", "1:b", "2:c", "3:d");
const time = fc.oneof(u64, fc.nat(5_000_000_000));
const write = fc.tuple(writeRequest, key).map(([one, name]) => ({ ...one, key: name, request: undefined }));
const index = fc.nat(6);
const answers = fc.array(
  fc.record({ version: versionOrNone, stable: fc.boolean(), since: u64, validThrough: u64, unsettled: fc.boolean() }),
  { maxLength: 2 },
);
const verdict = fc.constantFrom(transaction.verdictCommit, transaction.verdictAbort, transaction.verdictNotYet);

const says: fc.Arbitrary<Says> = fc.oneof(
  saying(fc.record({ id: u64, floor: time, time, keys: fc.array(key, { maxLength: 4 }) }), encodeSnapshotRequest),
  saying(fc.record({ id: fc.nat(5), clock: u64, failure, answers }), encodeSnapshotReply),
  saying(
    fc.record({
      id: u64,
      floor: time,
      dependencies,
      request: fc.option(request, { nil: undefined }),
      writes: fc.uniqueArray(write, { maxLength: 4, selector: (one) => one.key }),
    }),
    transaction.encodeTransactionRequest,
  ),
  saying(
    fc.record({
      id: fc.nat(5),
      clock: u64,
      failure,
      version: versionOrNone,
      repeated: fc.boolean(),
      olds: fc.array(versionOrNone, { maxLength: 3 }),
    }),
    transaction.encodeTransactionReply,
  ),
  saying(
    fc.record({
      transaction: id,
      floor: time,
      count: fc.nat(5),
      indexes,
      writes: fc.uniqueArray(fc.record({ index, write }), { maxLength: 3, selector: (one) => one.write.key }),
    }),
    transaction.encodePrepare,
  ),
  saying(
    fc.record({
      transaction: id,
      clock: u64,
      failure,
      parts: fc.array(fc.record({ index, old: versionOrNone }), { maxLength: 3 }),
    }),
    transaction.encodeVote,
  ),
  saying(fc.record({ transaction: id, verdict, visible: time, seq: u64 }), transaction.encodeDecision),
  saying(id, transaction.encodeCommitted),
  saying(fc.record({ transaction: id, time, clock: time, indexes }), transaction.encodeQuestion),
  saying(fc.record({ transaction: id, indexes }), transaction.encodePartsHere),
  saying(
    fc.record({ time, seqs: fc.array(fc.tuple(fc.nat(5), u64), { maxLength: 3 }).map((list) => list.flat()) }),
    encodeClosed,
  ),
);

function hear(node: TestNode, from: TestNode, one: Says): void {
  const writer = new ByteWriter();
  one(writer);
  try {
    node.turn((core) => core.onFrame(from.id, writer.copy()));
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
  }
}

describe("a node", () => {
  it("survives whatever its peers say, in its datacenter and elsewhere", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(says, fc.boolean()), { maxLength: 20 }), (all) => {
        const c = new Cluster({ datacenters: 2, nodes: 2 });
        c.advance(100);
        const [node, mate, far] = [c.node(0, 0), c.node(0, 1), c.node(1, 0)];
        for (const [one, isNear] of all) {
          hear(node, isNear ? mate : far, one);
          c.settle();
        }
        c.advance(5_000, 500);
        const put = c.session(0).put("0:alive", "1");
        c.settle();
        expect(put.done).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
