/*
 * Arbitrary values of the protocol's types, within the limits that decoders check, for property tests of the codecs.
 */
import fc from "fast-check";
import { conditionAbsent, conditionNone, conditionPresent } from "../messages/forward.ts";
import type { WriteRequest } from "../messages/forward.ts";
import type { Dependencies } from "../dependencies.ts";
import { effectAssign, effectDelete, originOf, Version } from "../version.ts";
import type { Origin } from "../version.ts";
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
const effect: fc.Arbitrary<1 | 2> = fc.constantFrom(effectAssign, effectDelete);

const pairs: fc.Arbitrary<number[]> = fc.array(fc.tuple(origin, u64), { maxLength: 5 }).map((list) => list.flat());

export const dependencies: fc.Arbitrary<Dependencies> = fc.record({ dots: pairs, prefixes: pairs });

export const request: fc.Arbitrary<RequestId> = fc.record({ client: text, number: u64, answeredBelow: u64 });

export const write: fc.Arbitrary<Write> = fc.record({
  effect,
  datacenter,
  partition,
  time: u64,
  seq: u64,
  dependencies,
  expiry: u64,
  request: fc.option(request, { nil: undefined }),
  key: text,
  value: text,
});

export const writeRequest: fc.Arbitrary<WriteRequest> = fc.record({
  effect,
  key: text,
  value: text,
  expiry: u64,
  condition: fc.constantFrom(conditionNone, conditionAbsent, conditionPresent),
  wantOld: fc.boolean(),
  request: fc.option(request, { nil: undefined }),
});

/** As it travels: the index of the log entry stays where it is. */
export const version: fc.Arbitrary<Version> = fc
  .tuple(effect, text, u64, datacenter, partition, u64, u64, u64)
  .map(
    ([kind, value, time, d, p, seq, visible, expiry]) => new Version(kind, value, time, d, p, seq, visible, 0, expiry),
  );
