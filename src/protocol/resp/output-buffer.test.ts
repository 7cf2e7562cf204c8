import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type ByteString, byteStringOf, bytesOf } from "../../shared/bytes.ts";
import { OutputBuffer } from "./output-buffer.ts";
import { OUTPUT_CHUNK_BYTES, type OutputChunk, OutputPool } from "./output-pool.ts";
import { TYPE_INTEGER, TYPE_SIMPLE_STRING } from "./wire-bytes.ts";

function takeAll(output: OutputBuffer): OutputChunk[] {
  const chunks: OutputChunk[] = [];
  for (let chunk = output.take(); chunk !== undefined; chunk = output.take()) chunks.push(chunk);
  return chunks;
}

function textOf(chunks: readonly OutputChunk[]): ByteString {
  return chunks.map((chunk) => byteStringOf(chunk.filled())).join("");
}

describe("OutputBuffer", () => {
  it("hands out in order what was written, whatever its sizes", () => {
    const size = fc.oneof(fc.nat(20), fc.nat(5000), fc.nat(40_000));
    const write = fc.tuple(fc.constantFrom("bulk", "raw", "rawString", "line"), size);
    fc.assert(
      fc.property(fc.array(write, { maxLength: 30 }), fc.nat(40), (writes, takeEvery) => {
        const pool = new OutputPool();
        const output = new OutputBuffer(pool);
        let expected = "";
        let taken = "";
        for (const [i, [kind, length]] of writes.entries()) {
          const text = String.fromCharCode(0x61 + (i % 26)).repeat(length);
          expected += writeTo(output, kind, text);
          expect(output.pendingBytes).toBe(expected.length - taken.length);
          if (i % (takeEvery + 1) !== 0) continue;
          const chunks = takeAll(output);
          taken += textOf(chunks);
          // Given back at once: what is written next goes over their bytes.
          for (const chunk of chunks) pool.release(chunk);
        }
        expect(taken + textOf(takeAll(output))).toBe(expected);
        expect(output.pendingBytes).toBe(0);
        expect(output.take()).toBeUndefined();
      }),
    );
  });

  it("writes every safe integer in digits", () => {
    const output = new OutputBuffer(new OutputPool());
    const edges = [0, 9, 10, 99, 100, 999, 1000, 9999, 10_000, 2 ** 30 - 1, 2 ** 30, 2 ** 31, 999_999_999, -1, -10];
    for (const value of [...edges, Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]) {
      output.header(TYPE_INTEGER, value);
      expect(textOf(takeAll(output))).toBe(`:${value}\r\n`);
    }
    const integers = fc.oneof(fc.maxSafeInteger(), fc.nat(20_000), fc.integer());
    fc.assert(
      fc.property(integers, (value) => {
        output.header(TYPE_INTEGER, value);
        expect(textOf(takeAll(output))).toBe(`:${value}\r\n`);
      }),
    );
  });

  it("lets no line break out of a line, however the character is written", () => {
    const output = new OutputBuffer(new OutputPool());
    // U+010A and U+010D are no bytes; cut to one they would be LF and CR.
    for (const text of ["a\r\nb", "\u010a\u010d", "long enough to be copied\r\n\u010a"]) {
      output.line(TYPE_SIMPLE_STRING, text);
      expect(textOf(takeAll(output))).toMatch(/^\+[^\r\n]*\r\n$/);
    }
  });

  it("gives a large value a chunk of its own and copies nothing twice", () => {
    const output = new OutputBuffer(new OutputPool());
    output.bulk("small");
    output.bulk("x".repeat(1_000_000));
    output.bulk("small");
    const chunks = takeAll(output);
    expect(chunks.length).toBeLessThanOrEqual(3);
    expect(chunks[0]?.length).toBe("$5\r\nsmall\r\n".length);
    expect(textOf(chunks)).toBe(`$5\r\nsmall\r\n$1000000\r\n${"x".repeat(1_000_000)}\r\n$5\r\nsmall\r\n`);
  });

  it("takes chunks from the pool only while there is output, and gives them back when discarded", () => {
    const pool = new OutputPool();
    const output = new OutputBuffer(pool);
    expect(pool.freeChunks).toBe(0);
    for (let i = 0; i < 3; i++) output.bulk("x".repeat(OUTPUT_CHUNK_BYTES / 4 - 30));
    for (let i = 0; i < 3; i++) output.bulk("x".repeat(OUTPUT_CHUNK_BYTES / 4 - 30));
    output.discard();
    expect(output.pendingBytes).toBe(0);
    expect(pool.freeChunks).toBe(2);
    output.bulk("y");
    expect(pool.freeChunks).toBe(1);
    expect(textOf(takeAll(output))).toBe("$1\r\ny\r\n");
  });

  it("keeps no chunk that was made for one large value", () => {
    const pool = new OutputPool();
    const output = new OutputBuffer(pool);
    output.bulk("x".repeat(100_000));
    output.discard();
    expect(pool.freeChunks).toBe(0);
  });

  it("keeps a bounded number of free chunks", () => {
    const pool = new OutputPool(2);
    const output = new OutputBuffer(pool);
    for (let i = 0; i < 20; i++) output.bulk("x".repeat(4000));
    expect(takeAll(output).map((chunk) => pool.release(chunk)).length).toBeGreaterThan(4);
    expect(pool.freeChunks).toBe(2);
  });
});

function writeTo(output: OutputBuffer, kind: string, text: ByteString): ByteString {
  switch (kind) {
    case "bulk":
      output.bulk(text);
      return `$${text.length}\r\n${text}\r\n`;
    case "raw":
      output.raw(bytesOf(`<<${text}>>`), 1, text.length + 3);
      return `<${text}>`;
    case "rawString":
      output.rawString(text);
      return text;
    default:
      output.line(TYPE_SIMPLE_STRING, text);
      return `+${text}\r\n`;
  }
}
