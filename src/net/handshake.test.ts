import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AcceptorHandshake } from "./handshake-acceptor.ts";
import type { AcceptorJudge } from "./handshake-acceptor.ts";
import { DiallerHandshake } from "./handshake-dialler.ts";
import type { Handshake, HandshakeContext, HandshakeFailure, HandshakeResult } from "./handshake.ts";
import { encodeJson, encodeMessage, magic, proofOf, readMessage } from "./handshake-messages.ts";
import type { Hello, Refusal } from "./handshake-messages.ts";

let nonces = 0;

function contextOf(hello: Partial<Hello>, secret = "s3cret"): HandshakeContext {
  const self: Hello = {
    protocolVersion: 1,
    cluster: "c",
    nodeId: 1,
    partitions: 16,
    configDigest: "d",
    incarnation: 1,
    ...hello,
  };
  return { self, secret, bytesMax: 4096, nonce: () => (++nonces).toString(16).padStart(64, "0") };
}

interface Ends {
  readonly dialler: DiallerHandshake;
  readonly acceptor: AcceptorHandshake;
}

interface Setup {
  readonly dialler?: Partial<Hello>;
  readonly acceptor?: Partial<Hello>;
  readonly secrets?: readonly [string, string];
  readonly dials?: number;
  readonly judge?: AcceptorJudge;
}

function endsOf({ dialler = {}, acceptor = {}, secrets = ["s", "s"], dials = 257, judge }: Setup = {}): Ends {
  return {
    dialler: new DiallerHandshake(contextOf({ nodeId: 1, ...dialler }, secrets[0]), dials),
    acceptor: new AcceptorHandshake(
      contextOf({ nodeId: 257, ...acceptor }, secrets[1]),
      judge ?? ((): Refusal | undefined => undefined),
    ),
  };
}

/** Feeds in pieces; stops at the verdict. */
function feed(end: Handshake, bytes: Buffer, pieceBytes: number): HandshakeResult {
  let result: HandshakeResult = { kind: "pending", reply: undefined };
  const replies: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    result = end.push(bytes.subarray(at, at + pieceBytes));
    if (result.reply !== undefined) replies.push(result.reply);
    if (result.kind === "done") {
      return {
        ...result,
        reply: Buffer.concat(replies),
        rest: Buffer.concat([result.rest, bytes.subarray(at + pieceBytes)]),
      };
    }
    if (result.kind === "failed") break;
  }
  return { ...result, reply: replies.length === 0 ? undefined : Buffer.concat(replies) };
}

/** Runs both ends against each other; the verdict of each. */
function run({ dialler, acceptor }: Ends, pieceBytes = 1 << 20): [HandshakeResult, HandshakeResult] {
  const results: [HandshakeResult, HandshakeResult] = [
    { kind: "pending", reply: dialler.begin() },
    { kind: "pending", reply: undefined },
  ];
  for (let turn = 0; turn < 6; turn++) {
    const from = turn % 2 === 0 ? 0 : 1;
    const to = from === 0 ? 1 : 0;
    const words = results[from].reply;
    if (words === undefined || results[to].kind !== "pending") break;
    results[to] = feed(to === 0 ? dialler : acceptor, words, pieceBytes);
  }
  return results;
}

function codesOf(results: readonly HandshakeResult[]): string[] {
  return results.map((result) => (result.kind === "failed" ? result.code : result.kind));
}

describe("the handshake of two nodes that belong together", () => {
  for (const pieceBytes of [1 << 20, 1, 7]) {
    it(`ends with each knowing the other, fed ${pieceBytes} bytes at a time`, () => {
      const [dialler, acceptor] = run(endsOf({ acceptor: { incarnation: 5 } }), pieceBytes);
      expect(dialler).toMatchObject({ kind: "done", hello: { nodeId: 257, incarnation: 5 } });
      expect(acceptor).toMatchObject({ kind: "done", hello: { nodeId: 1, cluster: "c" } });
    });
  }

  it("is run with an empty secret too", () => {
    expect(codesOf(run(endsOf({ secrets: ["", ""] })))).toEqual(["done", "done"]);
  });

  it("gives what came behind the last message to the frames", () => {
    const { dialler, acceptor } = endsOf();
    const challenge = acceptor.push(dialler.begin()).reply as Buffer;
    const proof = acceptor.push(dialler.push(challenge).reply as Buffer).reply as Buffer;
    const ready = dialler.push(proof).reply as Buffer;
    const behind = Buffer.alloc(100_000, 1);
    const result = acceptor.push(Buffer.concat([ready, behind]));
    expect(result.kind === "done" && result.rest.equals(behind)).toBe(true);
  });
});

describe("a mismatch has the same name on both sides", () => {
  const refusal = (code: Refusal["code"]): Refusal => ({ code, detail: "because" });
  const cases: [string, Setup, string][] = [
    ["protocol version", { dialler: { protocolVersion: 2 } }, "VERSION_MISMATCH"],
    ["secret", { secrets: ["one", "another"] }, "SECRET_MISMATCH"],
    ["secret on one side only", { secrets: ["", "another"] }, "SECRET_MISMATCH"],
    ["cluster", { acceptor: { cluster: "other" } }, "CLUSTER_MISMATCH"],
    ["partitions", { dialler: { partitions: 32 } }, "PARTITIONS_MISMATCH"],
    ["configuration", { acceptor: { configDigest: "e" } }, "CONFIG_MISMATCH"],
    ["address", { dials: 258 }, "WRONG_NODE"],
    ["unknown dialler", { judge: () => refusal("UNKNOWN_PEER") }, "UNKNOWN_PEER"],
    ["direction", { judge: () => refusal("WRONG_DIALLER") }, "WRONG_DIALLER"],
    ["incarnation", { judge: () => refusal("STALE_INCARNATION") }, "STALE_INCARNATION"],
  ];
  for (const [what, setup, code] of cases) {
    it(`${what}: ${code}`, () => {
      for (const pieceBytes of [1 << 20, 1]) {
        const results = run(endsOf(setup), pieceBytes);
        expect(codesOf(results)).toEqual([code, code]);
        for (const result of results) expect((result as HandshakeFailure).detail).not.toBe("");
      }
    });
  }

  it("tells nothing of cluster or configuration before the dialler has proven itself", () => {
    const { dialler, acceptor } = endsOf({ acceptor: { cluster: "the-cluster", configDigest: "the-digest" } });
    const told = acceptor.push(dialler.begin()).reply as Buffer;
    const wrong = encodeMessage("proof", Buffer.concat([Buffer.alloc(32), encodeJson(contextOf({}).self)]));
    const refused = acceptor.push(wrong);
    expect(codesOf([refused])).toEqual(["SECRET_MISMATCH"]);
    expect(Buffer.concat([told, refused.reply as Buffer]).toString("latin1")).not.toMatch(/the-cluster|the-digest/u);
  });
});

describe("nobody gets in without the secret", () => {
  it("refuses a dialler's words replayed to the same acceptor", () => {
    const first = endsOf();
    const greeting = first.dialler.begin();
    const proof = first.dialler.push(first.acceptor.push(greeting).reply as Buffer).reply as Buffer;
    expect(first.acceptor.push(proof).kind).toBe("pending");
    const again = endsOf().acceptor;
    again.push(greeting);
    expect(codesOf([again.push(proof)])).toEqual(["SECRET_MISMATCH"]);
  });

  it("refuses an acceptor's words replayed to the same dialler", () => {
    const first = endsOf();
    const challenge = first.acceptor.push(first.dialler.begin()).reply as Buffer;
    const proof = first.acceptor.push(first.dialler.push(challenge).reply as Buffer).reply as Buffer;
    const again = endsOf().dialler;
    again.begin();
    again.push(challenge);
    expect(codesOf([again.push(proof)])).toEqual(["SECRET_MISMATCH"]);
  });

  it("refuses its own challenge and its own proof reflected", () => {
    const dialler = endsOf().dialler;
    expect(codesOf([dialler.push(dialler.begin())])).toEqual(["HANDSHAKE_MALFORMED"]);
    const { dialler: victim, acceptor } = endsOf();
    const proof = victim.push(acceptor.push(victim.begin()).reply as Buffer).reply as Buffer;
    expect(codesOf([victim.push(proof)])).toEqual(["SECRET_MISMATCH"]);
  });

  it("refuses a proof made for the other role over the same words", () => {
    const { dialler, acceptor } = endsOf();
    const greeting = dialler.begin();
    const challenge = (acceptor.push(greeting).reply as Buffer).subarray(magic.length);
    const hello = encodeJson(contextOf({ nodeId: 1 }).self);
    const transcript = [greeting.subarray(magic.length), challenge];
    const wrong = proofOf("s", "acceptor", transcript, hello);
    expect(codesOf([acceptor.push(encodeMessage("proof", Buffer.concat([wrong, hello])))])).toEqual([
      "SECRET_MISMATCH",
    ]);
  });

  it("refuses a hello that is not the one that was proven, or of another node than the challenge named", () => {
    const { dialler, acceptor } = endsOf();
    const proof = dialler.push(acceptor.push(dialler.begin()).reply as Buffer).reply as Buffer;
    const changed = Buffer.from(proof.toString("latin1").replace('"incarnation":1', '"incarnation":9'), "latin1");
    expect(changed.equals(proof)).toBe(false);
    expect(codesOf([acceptor.push(changed)])).toEqual(["SECRET_MISMATCH"]);

    const other = endsOf();
    const greeting = other.dialler.begin();
    const challenge = (other.acceptor.push(greeting).reply as Buffer).subarray(magic.length);
    const hello = encodeJson(contextOf({ nodeId: 2 }).self);
    const mac = proofOf("s", "dialler", [greeting.subarray(magic.length), challenge], hello);
    const result = other.acceptor.push(encodeMessage("proof", Buffer.concat([mac, hello])));
    expect(codesOf([result])).toEqual(["HANDSHAKE_MALFORMED"]);
  });

  it("is not up before the last message, and refuses messages out of turn", () => {
    const { dialler, acceptor } = endsOf();
    expect(codesOf([acceptor.push(Buffer.concat([dialler.begin(), encodeMessage("ready", Buffer.alloc(0))]))])).toEqual(
      ["HANDSHAKE_MALFORMED"],
    );
  });
});

describe("strangers", () => {
  it("are turned away at their first wrong byte, without an answer", () => {
    for (const words of ["GET / HTTP/1.1\r\n\r\n", "*1\r\n$4\r\nPING\r\n", "CONNECT", "\x16\x03\x01", "\0"]) {
      const result = endsOf().acceptor.push(Buffer.from(words, "latin1"));
      expect(result).toMatchObject({ kind: "failed", code: "NOT_A_PEER", reply: undefined });
    }
  });

  it("cannot make it keep more than its limit", () => {
    const { acceptor } = endsOf();
    const endless = Buffer.concat([magic, Buffer.from([0xff, 0xff, 0]), Buffer.alloc(4096, 0x20)]);
    const fed: HandshakeResult = feed(acceptor, endless, 100);
    expect(codesOf([fed])).toEqual(["HANDSHAKE_TOO_LARGE"]);
    expect((fed.reply as Buffer).subarray(0, magic.length).equals(magic)).toBe(true);
  });

  it("never make it throw, whatever they say behind the magic, to either role", () => {
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((text) => Buffer.from(text)),
      fc.object().map((value) => Buffer.from(JSON.stringify(value))),
    );
    const message = fc.tuple(fc.integer({ min: 0, max: 5 }), body).map(([kind, bytes]) => {
      const raw = encodeMessage("challenge", bytes);
      raw.writeUInt8(kind, 2);
      return raw;
    });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 5 }), fc.boolean(), (messages, toDialler) => {
        const { dialler, acceptor } = endsOf();
        if (toDialler) dialler.begin();
        const result = feed(toDialler ? dialler : acceptor, Buffer.concat([magic, ...messages]), 64);
        expect(result.kind).not.toBe("done");
      }),
      { numRuns: 500 },
    );
  });

  it("never get in by changing one byte of an honest handshake", () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.integer({ min: 0, max: 3 }),
        (where, change, which) => {
          const { dialler, acceptor } = endsOf();
          const spoil = (index: number, words: Buffer): Buffer => {
            if (index !== which) return words;
            const spoilt = Buffer.from(words);
            const at = where % spoilt.length;
            spoilt[at] = (spoilt[at] as number) ^ change;
            return spoilt;
          };
          let words = dialler.begin();
          const ends: Handshake[] = [acceptor, dialler, acceptor, dialler];
          for (const [index, end] of ends.entries()) {
            const result = end.push(spoil(index, words));
            if (result.kind !== "pending" || result.reply === undefined) {
              expect(result.kind === "failed" || (result.kind === "pending" && index <= which)).toBe(true);
              return;
            }
            words = result.reply;
          }
          expect("all four messages passed").toBe("one of them was changed");
        },
      ),
      { numRuns: 300 },
    );
  });

  it("cannot put control characters or endless text into our log through a refusal", () => {
    const { dialler } = endsOf();
    dialler.begin();
    const detail = `\x1b[31m${"x".repeat(1000)}\n`;
    const words = encodeMessage("refusal", encodeJson({ code: "CONFIG_MISMATCH", detail }));
    const result = dialler.push(Buffer.concat([magic, words])) as HandshakeFailure;
    expect(result.code).toBe("CONFIG_MISMATCH");
    expect(result.detail).toMatch(/^[\x20-\x7e]{1,400}$/u);
    const unknown = encodeMessage("refusal", Buffer.from('{"code":"__proto__","detail":""}'));
    const other = endsOf().dialler;
    expect(codesOf([other.push(Buffer.concat([magic, unknown]))])).toEqual(["HANDSHAKE_MALFORMED"]);
  });
});

describe("readMessage", () => {
  it("waits for whole messages", () => {
    const raw = encodeMessage("ready", Buffer.from("abc"));
    for (let length = 0; length < raw.length; length++) expect(readMessage(raw.subarray(0, length))).toBeUndefined();
    expect(readMessage(raw)).toMatchObject({ kind: "ready", body: Buffer.from("abc") });
  });
});
