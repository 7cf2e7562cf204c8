/*
 * The small REST face: GET, PUT and DELETE of `/v1/keys/{key}`, any node, any key. Values are bodies as they are.
 * GET of `/v1/keys?key=...&key=...` is one read transaction; its answer is JSON, with keys and values in base64.
 *
 *   Cops-Token in    what the caller has seen so far: waited for, so that no request goes back in time
 *   Cops-Token out   the same and what this request saw; to be sent with the next one, in any datacenter
 *   Cops-Dot, Cops-Time   which write was read or made (datacenter/partition/seq, and its hybrid time)
 *   Cops-Expires          when the value expires, in Unix ms: of a PUT, and in the answer to a GET
 *   Cops-Expires-In       the same for a PUT, in ms from now, by this node's clock
 *   If-None-Match: *  on PUT: only where there is no value;   If-Match: *  on PUT: only where there is one
 *
 * Each request is a session of its own (design, 3.4): without tokens two requests are two threads of execution. A PUT that
 * ends in 504 UNKNOWNOUTCOME may have taken effect.
 */
import type { Context, Hono } from "hono";
import type { HttpOptions } from "./http-options.ts";
import { keyOfPath, keysOfQuery } from "./key-path.ts";
import type { BodyReader } from "./read-body.ts";
import { Refusal, refuse } from "./refusal.ts";
import type { RefusalStatus } from "./refusal.ts";
import { runOperation } from "./run-operation.ts";
import type { Outcome } from "./run-operation.ts";
import type { Failure, FailureCode } from "../../core/failure.ts";
import type { Session } from "../../core/session.ts";
import { keyBytesMax, maxSkewMs, transactionKeysMax, valueBytesMax } from "../../shared/limits.ts";
import type { ByteString } from "../../shared/bytes.ts";
import { decodeToken, encodeToken } from "../../protocol/causal-token.ts";
import type { TokenIssuer } from "../../protocol/causal-token.ts";
import { byteStringOfUtf8 } from "../../shared/bytes.ts";
import { conditionAbsent, conditionNone, conditionPresent } from "../../protocol/messages/forward.ts";
import type { Condition, WriteRequest } from "../../protocol/messages/forward.ts";
import { effectAssign, effectDelete, formatDot } from "../../protocol/version.ts";
import type { Version } from "../../protocol/version.ts";

const prefix = "/v1/keys/";
const operationTimeoutMs = 15_000;
/** Values in one answer of many keys. */
const valuesBytesMax = 64 * 1024 * 1024;
/** As over RESP: sums with the clock stay safe integers. */
const expiryMsMax = 2 ** 52;

/** A failure that is not here is the caller's: 400. */
const statusOf: Readonly<Partial<Record<FailureCode, RefusalStatus>>> = {
  UNAVAILABLE: 503,
  UNKNOWNOUTCOME: 504,
  READONLY: 503,
  CLOCKSKEW: 503,
  BUSY: 503,
  CONFLICT: 503,
  SNAPSHOTTOOOLD: 503,
  TIMEOUT: 504,
  TOOLARGE: 413,
};

const nothingThere = new Refusal(404, "NOT_FOUND", "there is no value under this key");
const conditionFailed = new Refusal(412, "CONDITION_FAILED", "the condition on the key does not hold");

export function addKeyRoutes(app: Hono, options: HttpOptions, bodies: BodyReader): void {
  const face = new KeyFace(options, bodies);
  app.get("/v1/keys", (c) => face.answerMany(c));
  app.get(`${prefix}*`, (c) => face.answerOne(c, (session, key) => face.get(c, session, key)));
  app.put(`${prefix}*`, (c) => face.answerOne(c, (session, key) => face.put(c, session, key)));
  app.delete(`${prefix}*`, (c) => face.answerOne(c, (session, key) => face.delete(c, session, key)));
}

class KeyFace {
  private readonly options: HttpOptions;
  private readonly bodies: BodyReader;
  private readonly issuer: TokenIssuer;

  constructor(options: HttpOptions, bodies: BodyReader) {
    this.options = options;
    this.bodies = bodies;
    const { cluster, driver } = options;
    const { datacenters, partitions } = driver.core.placement;
    this.issuer = { cluster: byteStringOfUtf8(cluster.id), datacenters, partitions, sign: cluster.sign };
  }

  /** Runs a request on the key in its path. */
  async answerOne(c: Context, run: (session: Session, key: ByteString) => Promise<Response>): Promise<Response> {
    const key = keyOfPath(c.req.path.slice(prefix.length));
    if (key === undefined) return refuse(c, new Refusal(400, "BAD_KEY", "a percent sign needs two hexadecimal digits"));
    const problem = problemOf(key);
    return problem === undefined ? this.answer(c, (session) => run(session, key)) : refuse(c, problem);
  }

  /** Reads the keys in the query at one time. */
  async answerMany(c: Context): Promise<Response> {
    const keys = keysOfQuery(queryOnWire(c));
    if (keys === undefined) {
      return refuse(c, new Refusal(400, "BAD_KEY", "the query is key=... for each key, with %XX for what is special"));
    }
    if (keys.length > transactionKeysMax) {
      return refuse(c, new Refusal(400, "TOO_MANY_KEYS", `at most ${transactionKeysMax} keys are read at once`));
    }
    const problem = keys.map(problemOf).find((one) => one !== undefined);
    return problem === undefined ? this.answer(c, (session) => this.getMany(c, session, keys)) : refuse(c, problem);
  }

  /** Runs one request in a session that has seen what its token says. */
  private async answer(c: Context, run: (session: Session) => Promise<Response>): Promise<Response> {
    const phase = this.options.phase();
    if (phase !== "serving") return refuse(c, new Refusal(503, "NOT_SERVING", `the node is ${phase}`));
    const session = this.options.driver.core.createSession();
    try {
      const refusal = await this.attach(c, session);
      return refusal === undefined ? await run(session) : refuse(c, refusal);
    } finally {
      session.close();
    }
  }

  async get(c: Context, session: Session, key: ByteString): Promise<Response> {
    const outcome = await this.run((sink) => session.read(key, sink, 0), false);
    if (outcome.kind === "failed") return refuse(c, refusalOf(outcome.failure));
    const version = outcome.kind === "read" ? outcome.version : undefined;
    this.describe(c, session, version);
    if (version === undefined || version.deleted) return refuse(c, nothingThere);
    if (version.expiry > 0) c.header("Cops-Expires", String(version.expiry));
    return c.body(new Uint8Array(Buffer.from(version.value, "latin1")), 200, {
      "Content-Type": "application/octet-stream",
    });
  }

  private async getMany(c: Context, session: Session, keys: readonly ByteString[]): Promise<Response> {
    const outcome = await this.run((sink) => session.readTransaction(keys, sink, 0), false);
    if (outcome.kind === "failed") return refuse(c, refusalOf(outcome.failure));
    const { versions, time } = outcome as Extract<Outcome, { kind: "snapshot" }>;
    let bytes = 0;
    for (const version of versions) bytes += version?.value.length ?? 0;
    if (bytes > valuesBytesMax) {
      return refuse(c, new Refusal(413, "TOO_LARGE", `the values of one answer have at most ${valuesBytesMax} bytes`));
    }
    this.describe(c, session, undefined);
    return c.json({ time, keys: keys.map((key, i) => foundOf(key, versions[i])) });
  }

  async put(c: Context, session: Session, key: ByteString): Promise<Response> {
    const condition = conditionOf(c);
    if (condition instanceof Refusal) return refuse(c, condition);
    const expiry = expiryOf(c, Date.now());
    if (expiry instanceof Refusal) return refuse(c, expiry);
    const body = await this.bodies.read(c.req.raw, valueBytesMax);
    if (body instanceof Refusal) return refuse(c, body);
    try {
      const value = body.toString("latin1");
      return await this.write(c, session, { effect: effectAssign, key, value, condition, expiry }, conditionFailed);
    } finally {
      this.bodies.release(body.length);
    }
  }

  delete(c: Context, session: Session, key: ByteString): Promise<Response> {
    const write = { effect: effectDelete, key, value: "", condition: conditionPresent, expiry: 0 } as const;
    return this.write(c, session, write, nothingThere);
  }

  private async write(
    c: Context,
    session: Session,
    write: Pick<WriteRequest, "effect" | "key" | "value" | "condition" | "expiry">,
    otherwise: Refusal,
  ): Promise<Response> {
    const request: WriteRequest = { ...write, wantOld: false, request: undefined };
    const outcome = await this.run((sink) => session.write(request, sink, 0), true);
    if (outcome.kind === "failed") return refuse(c, refusalOf(outcome.failure));
    const version = outcome.kind === "written" ? outcome.version : undefined;
    this.describe(c, session, version);
    return version === undefined ? refuse(c, otherwise) : c.body(null, 204);
  }

  private async attach(c: Context, session: Session): Promise<Refusal | undefined> {
    const text = c.req.header("cops-token");
    if (text === undefined) return undefined;
    const { driver, attachTimeoutMs } = this.options;
    driver.beginTurn();
    const result = decodeToken(text, this.issuer, driver.core.state.clock.physicalTime, maxSkewMs);
    if (!result.ok) return new Refusal(400, result.problem.code, result.problem.message);
    const attach = (sink: Parameters<Session["attachTo"]>[2]): void =>
      session.attachTo(result.token, attachTimeoutMs, sink, 0);
    const outcome = await this.run(attach, false, attachTimeoutMs + operationTimeoutMs);
    return outcome.kind === "failed" ? refusalOf(outcome.failure) : undefined;
  }

  private run(
    start: Parameters<typeof runOperation>[0],
    isWrite: boolean,
    timeoutMs: number = operationTimeoutMs,
  ): Promise<Outcome> {
    this.options.driver.beginTurn();
    return runOperation(start, isWrite, timeoutMs);
  }

  private describe(c: Context, { context }: Session, version: Version | undefined): void {
    const { datacenter } = this.options.driver.core.state;
    const seen = { dependencies: context.dependencies(), floor: context.floor, datacenter };
    c.header("Cops-Token", encodeToken(seen, this.issuer));
    if (version === undefined) return;
    c.header("Cops-Dot", formatDot(version.dotOrigin, version.dotSeq));
    c.header("Cops-Time", String(version.time));
  }
}

function conditionOf(c: Context): Condition | Refusal {
  const absent = c.req.header("if-none-match");
  const present = c.req.header("if-match");
  if (absent === undefined && present === undefined) return conditionNone;
  if (absent === "*" && present === undefined) return conditionAbsent;
  if (present === "*" && absent === undefined) return conditionPresent;
  return new Refusal(400, "BAD_CONDITION", "If-Match and If-None-Match are understood as *, and not both at once");
}

function refusalOf({ code, message }: Failure): Refusal {
  return new Refusal(statusOf[code] ?? 400, code, message);
}

function problemOf(key: ByteString): Refusal | undefined {
  if (key.length > 0 && key.length <= keyBytesMax) return undefined;
  return new Refusal(400, "BAD_KEY", `a key has 1 to ${keyBytesMax} bytes, not ${key.length}`);
}

/** The query as it came: URL parsers change some bytes of it. */
function queryOnWire(c: Context): string {
  const { incoming } = (c.env ?? {}) as { incoming?: { url?: string } };
  const url = incoming?.url ?? c.req.url;
  const at = url.indexOf("?");
  return at < 0 ? "" : url.slice(at + 1);
}

/** In Unix ms; 0 for never. */
function expiryOf(c: Context, nowMs: number): number | Refusal {
  const at = c.req.header("cops-expires");
  const after = c.req.header("cops-expires-in");
  if (at === undefined && after === undefined) return 0;
  const text = at ?? after ?? "";
  const ms = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : Number.NaN;
  if (at !== undefined && after !== undefined) {
    return new Refusal(400, "BAD_EXPIRY", "Cops-Expires and Cops-Expires-In are not given both at once");
  }
  if (!(ms <= expiryMsMax)) {
    return new Refusal(400, "BAD_EXPIRY", "an expiry is a whole number of milliseconds above 0");
  }
  return at === undefined ? nowMs + ms : ms;
}

/** One key in the answer of many. */
interface Found {
  readonly key: string;
  readonly value: string | null;
  readonly dot?: string;
  readonly time?: number;
  readonly expires?: number;
}

function foundOf(key: ByteString, version: Version | undefined): Found {
  const found = { key: base64Of(key), value: null };
  if (version === undefined) return found;
  const write = { dot: formatDot(version.dotOrigin, version.dotSeq), time: version.time };
  if (version.deleted) return { ...found, ...write };
  const expires = version.expiry > 0 ? { expires: version.expiry } : {};
  return { ...found, value: base64Of(version.value), ...write, ...expires };
}

function base64Of(bytes: ByteString): string {
  return Buffer.from(bytes, "latin1").toString("base64");
}
