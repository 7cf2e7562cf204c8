import { describe, expect, it } from "vitest";
import { ByteReader } from "./byte-reader.ts";
import { decodeVersion, encodeVersion } from "./messages/forward.ts";
import { encoded } from "./testing/codec-laws.ts";
import { asSeenAt, effectAssign, originOf, Version } from "./version.ts";

describe("a version that has expired", () => {
  it("arrives as nothing, whatever the clock there says", () => {
    const touch = { time: 8, datacenter: 2, partition: 2, seq: 9 };
    const touched = new Version(effectAssign, "v", 5, 1, 2, 3, 10, 0, 11, touch);
    const expired = asSeenAt(touched, touched.expiry);
    const there = decodeVersion(new ByteReader(encoded({ encode: encodeVersion }, expired)));
    expect([there.deleted, there.value, there.dotOrigin, there.dotSeq]).toEqual([true, "", originOf(2, 2), 9]);
  });
});
