import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DecodeError } from "./byte-reader.ts";
import { decodeRecord, encodeRecord, recordFormat, recordKey, recordKeyPrefix, recordPrefixBytes } from "./record.ts";
import { partition, text, u32, version } from "./testing/arbitraries.ts";
import { encoded } from "./testing/codec-laws.ts";
import { hybridEpochUnixMs, hybridTimeOfUnixMs, ticksPerMs, unixMsOfHybridTime } from "./hybrid-time.ts";
import { effectAssign, formatDot, originOf, datacenterOf, partitionOf, Version } from "./version.ts";
import { bytesOf, byteStringOf } from "../shared/bytes.ts";

describe("a record", () => {
  it("keeps the index of the log entry that made it", () => {
    const kept = new Version(effectAssign, "v", 1, 2, 3, 4, 5, 6, 7);
    expect(decodeRecord(encoded({ encode: encodeRecord }, kept))).toEqual(kept);
  });

  it("of another format, or with less than its header, is refused", () => {
    fc.assert(
      fc.property(version, (some) => {
        const bytes = encoded({ encode: encodeRecord }, some);
        const header = bytes.length - some.value.length;
        for (let length = 0; length < header; length++) {
          expect(() => decodeRecord(bytes.subarray(0, length))).toThrow(DecodeError);
        }
        bytes[0] = recordFormat + 1;
        expect(() => decodeRecord(bytes)).toThrow("record format");
      }),
      { numRuns: 10 },
    );
  });
});

describe("a record's key", () => {
  it("orders, as bytes, by partition, then hash, then key: the order of SCAN", () => {
    const place = fc.tuple(partition, u32, text);
    fc.assert(
      fc.property(place, place, (a, b) => {
        const [one, other] = [bytesOf(recordKey(...a)), bytesOf(recordKey(...b))];
        expect(Math.sign(compareBytes(one, other))).toBe(comparePlaces(a, b));
      }),
    );
  });

  it("has this format", () => {
    expect(recordKey(0x0102, 0x03040506, "k")).toBe("r\u0001\u0002\u0003\u0004\u0005\u0006k");
    expect(recordKeyPrefix(1, 2).length).toBe(recordPrefixBytes);
    expect(byteStringOf(bytesOf(recordKey(16383, 0xffffffff, "\u00ff")))).toBe(
      "r?\u00ff\u00ff\u00ff\u00ff\u00ff\u00ff",
    );
  });
});

describe("hybrid time", () => {
  it("goes to Unix time and back, in whole milliseconds, and is never negative", () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31 - 1), fc.nat(ticksPerMs - 1), (ms, counter) => {
        const time = hybridTimeOfUnixMs(hybridEpochUnixMs + ms) + counter;
        expect(unixMsOfHybridTime(time)).toBe(hybridEpochUnixMs + ms);
      }),
    );
    expect(hybridTimeOfUnixMs(0)).toBe(0);
    expect(hybridTimeOfUnixMs(hybridEpochUnixMs + 1.9)).toBe(ticksPerMs);
    expect(Number.isSafeInteger(hybridTimeOfUnixMs(Date.UTC(2094, 0, 1)))).toBe(true);
  });
});

describe("an origin", () => {
  it("packs datacenter and partition, and is shown with its seq as a dot", () => {
    fc.assert(
      fc.property(fc.nat(63), partition, (d, p) => {
        expect([datacenterOf(originOf(d, p)), partitionOf(originOf(d, p))]).toEqual([d, p]);
      }),
    );
    expect(formatDot(originOf(1, 2), 3)).toBe("1/2/3");
  });
});

type Place = readonly [partition: number, hash: number, key: string];

function comparePlaces(a: Place, b: Place): number {
  for (const i of [0, 1, 2] as const) if (a[i] !== b[i]) return a[i] < b[i] ? -1 : 1;
  return 0;
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] !== b[i]) return (a[i] as number) - (b[i] as number);
  }
  return a.length - b.length;
}
