/*
 * Arbitrary values of the protocol's types, within the limits that decoders check, for property tests of the codecs.
 */
import fc from "fast-check";
import * as forward from "../messages/forward.ts";
import type { WriteRequest } from "../messages/forward.ts";
import type { TransactionId } from "../messages/transaction.ts";
import type { Dependencies } from "../dependencies.ts";
import type { TransactionPart } from "../transaction-part.ts";
import { effectAssign, effectDelete, effectExpire, originOf, Version } from "../version.ts";
import type { Origin, Touch, VersionName } from "../version.ts";
import type { RequestId, Write } from "../write.ts";
import type { ByteString } from "../../shared/bytes.ts";

export const u64: fc.Arbitrary<number> = fc.oneof(
  fc.maxSafeNat(),
  fc.nat(300),
  fc.constantFrom(0, 2 ** 32 - 1, 2 ** 32, Number.MAX_SAFE_INTEGER),
);
export const u32: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xffffffff });
export const partition: fc.Arbitrary<number> = fc.integer({ min: 0, max: 16383 });
const datacenter: fc.Arbitrary<number> = fc.integer({ min: 0, max: 63 });
export const origin: fc.Arbitrary<Origin> = fc.tuple(datacenter, partition).map(([d, p]) => originOf(d, p));
export const text: fc.Arbitrary<ByteString> = fc
  .array(fc.integer({ min: 0, max: 255 }), { maxLength: 20 })
  .map((codes) => String.fromCharCode(...codes));
const u16: fc.Arbitrary<number> = fc.integer({ min: 0, max: 0xffff });
const effect: fc.Arbitrary<1 | 2> = fc.constantFrom(effectAssign, effectDelete);

const pairs: fc.Arbitrary<number[]> = fc.array(fc.tuple(origin, u64), { maxLength: 5 }).map((list) => list.flat());

export const dependencies: fc.Arbitrary<Dependencies> = fc.record({ dots: pairs, prefixes: pairs });

export const request: fc.Arbitrary<RequestId> = fc.record({ client: text, number: u64, answeredBelow: u64 });

const versionName: fc.Arbitrary<VersionName> = fc.record({ time: u64, datacenter, partition });

const touch: fc.Arbitrary<Touch> = fc.record({ time: u64, datacenter, partition, seq: u64 });

export const transactionId: fc.Arbitrary<TransactionId> = fc.record({ datacenter, partition, number: u64 });

/** Partitions of all parts are said by the first. */
export const transactionPart: fc.Arbitrary<TransactionPart> = fc
  .record({
    coordinator: partition,
    seq: u64,
    number: u64,
    index: fc.nat(5),
    partitions: fc.array(partition, { minLength: 1, maxLength: 6 }),
  })
  .map(({ index, partitions, ...part }) => {
    const count = partitions.length;
    const at = index % count;
    return { ...part, index: at, count, partitions: at === 0 ? partitions : [] };
  });

const plainWrite = {
  datacenter,
  partition,
  time: u64,
  seq: u64,
  dependencies,
  expiry: u64,
  request: fc.option(request, { nil: undefined }),
  part: fc.option(transactionPart, { nil: undefined }),
  key: text,
  value: text,
};

/** An effect on an expiry, and no other, names the version that it is for. */
export const write: fc.Arbitrary<Write> = fc.oneof(
  fc.record({ ...plainWrite, effect, target: fc.constant(undefined) }),
  fc.record({ ...plainWrite, effect: fc.constant(effectExpire), target: versionName }),
);

export const writeRequest: fc.Arbitrary<WriteRequest> = fc
  .record({
    effect: fc.constantFrom(effectAssign, effectDelete, effectExpire),
    key: text,
    value: text,
    expiry: fc.oneof(u64, fc.constant(forward.expiryKept)),
    condition: fc.constantFrom(
      forward.conditionNone,
      forward.conditionAbsent,
      forward.conditionPresent,
      forward.conditionVersion,
      forward.conditionLasting,
      forward.conditionExpiring,
      forward.conditionExpiresSooner,
      forward.conditionExpiresLater,
    ),
    expected: versionName,
    wantOld: fc.boolean(),
    request: fc.option(request, { nil: undefined }),
  })
  .map((given) => (given.condition === forward.conditionVersion ? given : { ...given, expected: undefined }));

/** As it travels: the index of the log entry stays where it is. */
export const version: fc.Arbitrary<Version> = fc
  .tuple(effect, text, u64, datacenter, partition, u64, u64, u64, fc.option(touch, { nil: undefined }))
  .map(
    ([kind, value, time, d, p, seq, visible, expiry, touched]) =>
      new Version(kind, value, time, d, p, seq, visible, 0, expiry, touched),
  );

/** What is there, or that nothing is. */
export const versionOrNone: fc.Arbitrary<Version | undefined> = fc.option(version, { nil: undefined });

export const failure: fc.Arbitrary<string | undefined> = fc.option(text, { nil: undefined });

export const indexes: fc.Arbitrary<number[]> = fc.array(u16, { maxLength: 5 });
