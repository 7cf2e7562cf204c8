import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DecodeError } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import {
  decodeRecord,
  encodeRecord,
  keyOfListed,
  listedKey,
  listedKeyEnd,
  listedKeyStart,
  recordFormatTouched,
  recordKey,
  recordKeyPrefix,
  recordPrefixBytes,
} from "./record.ts";
import { partition, text, u32, version } from "./testing/arbitraries.ts";
import { encoded } from "./testing/codec-laws.ts";
import { hybridEpochUnixMs, hybridTimeOfUnixMs, ticksPerMs, unixMsOfHybridTime } from "./hybrid-time.ts";
import { effectAssign, formatDot, originOf, datacenterOf, partitionOf, Version } from "./version.ts";
import { allocBytes, bytesOf, byteStringOf } from "../shared/bytes.ts";
import type { Bytes } from "../shared/bytes.ts";

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
        for (const format of [0, recordFormatTouched + 1, 255]) {
          bytes[0] = format;
          expect(() => decodeRecord(bytes)).toThrow(`record format ${format}, this program reads 1 and 2`);
        }
      }),
      { numRuns: 10 },
    );
  });

  it("of format 1, as versions before transactions wrote it, is read", () => {
    const numbers = [
      "0500000000000000",
      "0300000000000000",
      "0600000000000000",
      "0400000000000000",
      "0700000000000000",
    ];
    const bytes = bytesOfHex(`010101000200${numbers.join("")}6162`);
    expect(decodeRecord(bytes)).toEqual(new Version(effectAssign, "ab", 5, 1, 2, 3, 6, 4, 7));
  });

  it("keeps what set its expiry, where that was not its own write, whatever room there was to write it into", () => {
    const touch = { time: 8, datacenter: 2, partition: 3, seq: 9 };
    for (let length = 0; length < 200; length++) {
      const kept = new Version(effectAssign, "v".repeat(length), 1, 2, 3, 4, 5, 6, 7, touch);
      const writer = new ByteWriter(128);
      encodeRecord(writer, kept);
      expect(decodeRecord(writer.copy())).toEqual(kept);
    }
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

describe("the place of a record among those that are listed", () => {
  it("is in a range of its own, and gives back its key", () => {
    fc.assert(
      fc.property(partition, u32, text, (p, hash, key) => {
        const listed = listedKey(p, hash, key);
        expect(listed >= listedKeyStart && listed < listedKeyEnd).toBe(true);
        expect(listed).not.toBe(recordKey(p, hash, key));
        expect(keyOfListed(listed)).toBe(key);
      }),
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

function bytesOfHex(hex: string): Bytes {
  const bytes = allocBytes(hex.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(hex.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}
