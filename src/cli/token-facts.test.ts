import { describe, expect, it } from "vitest";
import { tokenFacts } from "./token-facts.ts";
import { runCops } from "./testing/run-cops.ts";
import { encodeToken } from "../protocol/causal-token.ts";
import { ticksPerMs } from "../protocol/hybrid-time.ts";
import { originOf } from "../protocol/version.ts";
import { tokenSigner } from "../server/resp/token-signer.ts";

const token = {
  dependencies: { dots: [originOf(1, 5), 7], prefixes: [originOf(2, 0), 9] },
  floor: 1000 * ticksPerMs,
  datacenter: 1,
};
const issuer = { cluster: "blue", datacenters: 3, partitions: 8, sign: undefined };
const secret = "s".repeat(16);
const plain = encodeToken(token, issuer);
const signed = encodeToken(token, { ...issuer, sign: tokenSigner(secret) });

const facts = {
  cluster: "blue",
  datacenter: 1,
  floor: token.floor,
  floorTime: "2025-01-01T00:00:01.000Z",
  dots: [{ datacenter: 1, partition: 5, seq: 7 }],
  prefixes: [{ datacenter: 2, partition: 0, seq: 9 }],
};

describe("the facts of a token", () => {
  it("are read without its cluster", () => {
    expect(tokenFacts(plain, () => undefined)).toEqual({ ...facts, signature: "none" });
    expect(tokenFacts(signed, () => undefined)).toEqual({ ...facts, signature: "not checked" });
  });

  it("are vouched for by the cluster's secret", () => {
    const secretOf = (cluster: string): string | undefined => (cluster === "blue" ? secret : undefined);
    expect(tokenFacts(signed, secretOf).signature).toBe("valid");
    expect(() => tokenFacts(signed, () => "t".repeat(16))).toThrow("TOKENFORGED");
  });

  it.each([
    ["", "TOKENFORMAT"],
    ["hello", "TOKENFORMAT"],
    [plain.slice(0, -4), "TOKENCUT"],
    [`${plain.slice(0, -6)}AAAAAA`, "TOKENDAMAGED"],
  ])("are not made up from %j", (text, code) => {
    expect(() => tokenFacts(text, () => undefined)).toThrow(code);
  });

  it("are printed for people and for programs", async () => {
    const { code, output } = await runCops(["token", "inspect", plain, "--data", "nowhere"]);
    expect(code).toBe(0);
    expect(output).toContain("cluster     blue\nissued in   datacenter 1\n");
    expect(output).toContain("dots        1\n  1/5/7\nprefixes    1\n  up to 2/0/9\n");
    const { output: json } = await runCops(["token", "inspect", signed, "--json", "--data", "nowhere"]);
    expect(JSON.parse(json)).toEqual({ ...facts, signature: "not checked" });
    expect((await runCops(["token", "inspect", "hello"])).errors).toContain("cops: TOKENFORMAT");
  });
});
