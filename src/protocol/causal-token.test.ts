import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase64url, encodeBase64url } from "./base64url.ts";
import { decodeToken, encodeToken, tokenTextMax } from "./causal-token.ts";
import type { CausalToken, TokenIssuer, TokenResult } from "./causal-token.ts";
import { ticksPerMs } from "./hybrid-time.ts";
import { originOf } from "./version.ts";
import { bytesOf } from "../shared/bytes.ts";
import type { Bytes } from "../shared/bytes.ts";

const skewMs = 1000;
const now = 5_000_000 * ticksPerMs;

function signerOf(secret: string) {
  return (bytes: Bytes): Bytes =>
    bytesOf(createHmac("sha256", secret).update(bytes).digest().subarray(0, 16).toString("latin1"));
}

const open: TokenIssuer = { cluster: "c1", datacenters: 3, partitions: 8, sign: undefined };
const secret: TokenIssuer = { ...open, sign: signerOf("s3cret") };

const token: CausalToken = {
  dependencies: { dots: [originOf(0, 3), 17, originOf(2, 7), 9_000_000_000], prefixes: [originOf(1, 1), 4] },
  floor: now - 77,
  datacenter: 1,
};

function decode(text: string, issuer: TokenIssuer = open): TokenResult {
  return decodeToken(text, issuer, now, skewMs);
}

function codeOf(result: TokenResult): string {
  return result.ok ? "ok" : result.problem.code;
}

/** The text with one byte of what it stands for changed. */
function withByte(text: string, at: number, change: (byte: number) => number): string {
  const bytes = decodeBase64url(text) as Bytes;
  bytes[at] = change(bytes[at] as number);
  return encodeBase64url(bytes);
}

describe("a causal token", () => {
  it.each([
    ["with a checksum", open],
    ["with a signature", secret],
  ])("%s reads back as what it was made from", (_, issuer) => {
    const origin = fc.tuple(fc.nat(2), fc.nat(7)).map(([d, p]) => originOf(d, p));
    const pairs = fc.array(fc.tuple(origin, fc.maxSafeNat()), { maxLength: 20 }).map((list) => list.flat());
    fc.assert(
      fc.property(pairs, pairs, fc.nat(), fc.nat(2), (dots, prefixes, floor, datacenter) => {
        const made: CausalToken = { dependencies: { dots, prefixes }, floor, datacenter };
        const text = encodeToken(made, issuer);
        expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(decode(text, issuer)).toEqual({ ok: true, token: made });
      }),
    );
  });

  it.each([
    ["with a checksum", open],
    ["with a signature", secret],
  ])("%s is refused with any one byte changed", (_, issuer) => {
    const text = encodeToken(token, issuer);
    const length = (decodeBase64url(text) as Bytes).length;
    for (let at = 0; at < length; at++) {
      for (const bit of [0x01, 0x80]) {
        const changed = withByte(text, at, (b) => b ^ bit);
        expect(codeOf(decode(changed, issuer))).not.toBe("ok");
      }
    }
  });

  it.each([
    ["with a checksum", open],
    ["with a signature", secret],
  ])("%s and cut short is told so, wherever the cut is", (_, issuer) => {
    const text = encodeToken(token, issuer);
    for (let length = 3; length < text.length; length++) {
      expect(codeOf(decode(text.slice(0, length), issuer))).toBe("TOKENCUT");
    }
  });

  it("is told from text that is none", () => {
    for (const text of ["", "Q", "Q1", "hello", "a b", "\u00ff", "QUJDREVGRw", "x".repeat(tokenTextMax + 1)]) {
      expect(codeOf(decode(text))).toBe("TOKENFORMAT");
    }
    expect(codeOf(decode(`${encodeToken(token, open)}AAAA`))).toBe("TOKENFORMAT");
  });

  it("of a newer format is told so", () => {
    expect(codeOf(decode(withByte(encodeToken(token, open), 2, () => 2)))).toBe("TOKENVERSION");
  });

  it("of another cluster is told so, also where it is signed with another secret", () => {
    expect(codeOf(decode(encodeToken(token, { ...open, cluster: "c2" })))).toBe("TOKENCLUSTER");
    const other: TokenIssuer = { ...open, cluster: "c2", sign: signerOf("other") };
    expect(codeOf(decode(encodeToken(token, other), secret))).toBe("TOKENCLUSTER");
  });

  it("is forged when another secret, or none, signed it", () => {
    expect(codeOf(decode(encodeToken(token, { ...open, sign: signerOf("other") }), secret))).toBe("TOKENFORGED");
    expect(codeOf(decode(encodeToken(token, open), secret))).toBe("TOKENFORGED");
    expect(codeOf(decode(encodeToken(token, secret), open))).toBe("TOKENFORGED");
  });

  it("is damaged when its checksum is wrong", () => {
    const text = encodeToken(token, open);
    const last = (decodeBase64url(text) as Bytes).length - 1;
    expect(codeOf(decode(withByte(text, last, (b) => b ^ 1)))).toBe("TOKENDAMAGED");
  });

  it("from a clock too far ahead is refused, and just below the limit taken", () => {
    const limit = now + skewMs * ticksPerMs;
    expect(codeOf(decode(encodeToken({ ...token, floor: limit }, open)))).toBe("ok");
    expect(codeOf(decode(encodeToken({ ...token, floor: limit + 1 }, open)))).toBe("CLOCKSKEW");
  });

  it("that names a datacenter or partition that the cluster has not is none of its tokens", () => {
    for (const origin of [originOf(3, 0), originOf(0, 8)]) {
      const made = { ...token, dependencies: { dots: [origin, 1], prefixes: [] } };
      expect(codeOf(decode(encodeToken(made, open)))).toBe("TOKENFORMAT");
    }
    expect(codeOf(decode(encodeToken({ ...token, datacenter: 3 }, open)))).toBe("TOKENFORMAT");
  });
});
