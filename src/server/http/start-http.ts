/*
 * Listens for operators (http-app.ts): on loopback unless told otherwise, elsewhere only with a password.
 *
 * Bounded (invariants 12 and 14): connections, the time that a request may take to arrive, the size of its head and body,
 * and what is in memory of all bodies. Input that is no HTTP gets an answer that says so.
 */
import { createServer, STATUS_CODES } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { HttpServerError } from "./errors.ts";
import { httpApp } from "./http-app.ts";
import type { HttpOptions } from "./http-options.ts";
import { Refusal } from "./refusal.ts";
import { isLoopback } from "../config/loopback.ts";

const connectionsMax = 256;
/** Room for a key of 64 KiB in percent signs, and a causal token. */
const headBytesMax = 320 * 1024;
const headTimeoutMs = 10_000;
const requestTimeoutMs = 60_000;
const keepAliveMs = 65_000;
const closeTimeoutMs = 2_000;

export interface HttpServer {
  readonly port: number;
  /** Resolves when every connection is closed; requests under way have a moment to end. */
  close(): Promise<void>;
}

/** Rejects with HttpServerError. */
export async function startHttp(options: HttpOptions): Promise<HttpServer> {
  const { host, port, password } = options;
  const address = `${host}:${port}`;
  if (!isLoopback(host) && password === undefined) {
    throw new HttpServerError(
      "LISTEN_INSECURE",
      `${address} can be reached from other machines: set a password`,
      address,
    );
  }
  const app = httpApp(options);
  const limits = { maxHeaderSize: headBytesMax, headersTimeout: headTimeoutMs, requestTimeout: requestTimeoutMs };
  const listener = getRequestListener(app.fetch, { overrideGlobalObjects: false, errorHandler: adapterFailed });
  const server = createServer({ ...limits, keepAliveTimeout: keepAliveMs }, (request, response) => {
    void listener(request, response);
  });
  server.maxConnections = connectionsMax;
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => refuseRaw(error.code, socket));
  try {
    await listen(server, host, port);
  } catch (error) {
    throw new HttpServerError("LISTEN_FAILED", `${address}: ${(error as Error).message}`, address, error);
  }
  return { port: (server.address() as AddressInfo).port, close: () => close(server) };
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), closeTimeoutMs);
  await closed;
  clearTimeout(timer);
}

/** The adapter could not make a request of what came: no Host, a target that is no URL. */
function adapterFailed(error: unknown): Response {
  const refusal = new Refusal(400, "BAD_REQUEST", error instanceof Error ? error.message : "a request is malformed");
  return Response.json(refusal.body, { status: refusal.status });
}

/** Before there is a request to answer: by hand, and the connection ends. */
function refuseRaw(code: string | undefined, socket: Socket): void {
  if (!socket.writable || code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const { status, body } = rawRefusal(code);
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "Connection: close",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(text)}`,
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${text}`);
}

function rawRefusal(code: string | undefined): Refusal {
  if (code === "HPE_HEADER_OVERFLOW") {
    return new Refusal(431, "TOO_LARGE", `the head of a request has at most ${headBytesMax} bytes`);
  }
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return new Refusal(408, "TIMEOUT", "the request took too long to arrive");
  return new Refusal(400, "BAD_REQUEST", "this is not HTTP");
}
