import { crc32 as nodeCrc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { crc32 } from "./crc32.ts";
import { bytesOf } from "../shared/bytes.ts";

describe("crc32", () => {
  it("gives the published check value", () => {
    expect(crc32(bytesOf("123456789"))).toBe(0xcbf43926);
  });

  it("gives what zlib gives", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const buffer = Buffer.from(bytes);
        expect(crc32(bytesOf(buffer.toString("latin1")))).toBe(nodeCrc32(buffer));
      }),
    );
  });
});
