/*
 * Who may ask: with a password, whoever knows it; without one, programs of this machine and nobody else.
 *
 * Without a password the port is on loopback (start-http.ts), which a web page in a browser of this machine can reach too.
 * Such a page may not read answers of another origin, unless its name is made to stand for 127.0.0.1 (DNS rebinding):
 * hence only addresses and `localhost` are taken as Host. Requests that change something are PUT, DELETE or JSON, which a
 * browser does not send to another origin without asking.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import { isIP } from "node:net";
import type { MiddlewareHandler } from "hono";
import { Refusal, refuse } from "./refusal.ts";

const notAllowed = new Refusal(
  401,
  "UNAUTHORIZED",
  "this node asks for its password: HTTP Basic with any user, or Bearer",
);
const otherHost = new Refusal(
  403,
  "HOST_REFUSED",
  "without a password, ask for this node by its address or as localhost",
);

/** What answers without a password: it says that the process lives and no more. */
export const openPath = "/healthz";

export function access(password: string | undefined): MiddlewareHandler {
  if (password === undefined) {
    return async (c, next) => (isPlainHost(c.req.header("host") ?? "") ? next() : refuse(c, otherHost));
  }
  const expected = digest(password);
  return async (c, next) => {
    if (c.req.path === openPath) return next();
    const given = passwordOf(c.req.header("authorization") ?? "");
    if (given !== undefined && timingSafeEqual(digest(given), expected)) return next();
    c.header("WWW-Authenticate", 'Basic realm="cops", charset="UTF-8"');
    return refuse(c, notAllowed);
  };
}

/** Digests have one length, so comparing them tells nothing about the password's. */
function digest(password: string): Buffer {
  return createHash("sha256").update(password, "utf8").digest();
}

function passwordOf(authorization: string): string | undefined {
  const [scheme = "", value = ""] = authorization.trim().split(/ +/, 2);
  if (scheme.toLowerCase() === "bearer") return value;
  if (scheme.toLowerCase() !== "basic") return undefined;
  const pair = Buffer.from(value, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  return colon < 0 ? undefined : pair.slice(colon + 1);
}

function isPlainHost(host: string): boolean {
  const name = host.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
  return name.toLowerCase() === "localhost" || isIP(name) !== 0;
}
