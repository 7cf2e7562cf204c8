import { describe, expect, it } from "vitest";
import { byteStringOfUtf8 } from "./bytes.ts";
import { murmur3 } from "./murmur3.ts";

/** Published vectors: the verification set that circulates with SMHasher's reference (32-bit x86). */
const vectors: readonly (readonly [key: string, seed: number, hash: number])[] = [
  ["", 0, 0],
  ["", 1, 0x514e28b7],
  ["", 0xffffffff, 0x81f16f39],
  ["\xff\xff\xff\xff", 0, 0x76293b50],
  ["\x21\x43\x65\x87", 0, 0xf55b516b],
  ["\x21\x43\x65\x87", 0x5082edee, 0x2362f9de],
  ["\x21\x43\x65", 0, 0x7e4a8634],
  ["\x21\x43", 0, 0xa0f7b07a],
  ["\x21", 0, 0x72661cf4],
  ["\0\0\0\0", 0, 0x2362f9de],
  ["\0\0\0", 0, 0x85f0b427],
  ["\0\0", 0, 0x30f4c306],
  ["\0", 0, 0x514e28b7],
  ["aaaa", 0x9747b28c, 0x5a97808a],
  ["aaa", 0x9747b28c, 0x283e0130],
  ["aa", 0x9747b28c, 0x5d211726],
  ["a", 0x9747b28c, 0x7fa09ea6],
  ["abcd", 0x9747b28c, 0xf0478627],
  ["abc", 0x9747b28c, 0xc84a62dd],
  ["ab", 0x9747b28c, 0x74875592],
  ["Hello, world!", 0x9747b28c, 0x24884cba],
  ["The quick brown fox jumps over the lazy dog", 0x9747b28c, 0x2fa826cd],
  ["a".repeat(256), 0x9747b28c, 0x37405bdc],
];

describe("murmur3", () => {
  it.each(vectors)("hashes %j under seed %i as published", (key, seed, hash) => {
    expect(murmur3(key, seed)).toBe(hash);
  });

  it("hashes bytes above 127, as in UTF-8 text, as published", () => {
    expect(murmur3(byteStringOfUtf8("ππππππππ"), 0x9747b28c)).toBe(0xd58063c1);
  });

  it("spreads numbered keys evenly over partitions", () => {
    const partitions = 64;
    const counts = Array.from({ length: partitions }, () => 0);
    for (let i = 0; i < 64_000; i++) {
      const partition = murmur3(`key:${i}`, 0) % partitions;
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
    expect(Math.min(...counts)).toBeGreaterThan(800);
    expect(Math.max(...counts)).toBeLessThan(1200);
  });
});
