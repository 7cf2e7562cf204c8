/*
 * The routes of the operator port. What is not a success is JSON, `{"error":{"code","message"}}`, with a code to rely on.
 *
 *   GET /healthz   the process lives and has not failed          GET /metrics   for Prometheus
 *   GET /readyz    it should get clients; reasons when not       GET /status    status.ts
 *   GET, POST /faults   fault-routes.ts
 *   GET, PUT, DELETE /v1/keys/{key} and GET /v1/keys   key-routes.ts
 */
import type { IncomingMessage } from "node:http";
import { Hono } from "hono";
import type { Context } from "hono";
import { access, openPath } from "./access.ts";
import { addFaultRoutes } from "./fault-routes.ts";
import type { HttpOptions } from "./http-options.ts";
import { addKeyRoutes } from "./key-routes.ts";
import { metricsRegistry } from "./metrics.ts";
import { nodeStatus } from "./node-status.ts";
import { BodyReader } from "./read-body.ts";
import { readiness } from "./readiness.ts";
import { Refusal, refuse } from "./refusal.ts";
import { InvariantError } from "../../shared/assert.ts";

/** Bodies in memory, of all requests together. */
const bodiesBytesMax = 128 * 1024 * 1024;

export function httpApp(options: HttpOptions): Hono {
  const app = new Hono({ getPath: pathOnWire });
  const bodies = new BodyReader(bodiesBytesMax);
  app.use(access(options.password));
  addHealthRoutes(app, options);
  const registry = metricsRegistry(options);
  app.get("/metrics", async (c) => {
    options.driver.beginTurn();
    return c.text(await registry.metrics(), 200, { "Content-Type": registry.contentType });
  });
  app.get("/status", (c) => c.json(nodeStatus(options)));
  addFaultRoutes(app, options, bodies);
  addKeyRoutes(app, options, bodies);
  app.notFound((c) => refuse(c, new Refusal(404, "NO_SUCH_ROUTE", `there is no ${c.req.method} ${shown(c.req.path)}`)));
  app.onError((error, c) => failed(options, error, c));
  return app;
}

function addHealthRoutes(app: Hono, options: HttpOptions): void {
  app.get(openPath, (c) => {
    const hasFailed = options.phase() === "failed";
    return c.json({ status: hasFailed ? "failed" : "ok" }, hasFailed ? 503 : 200);
  });
  app.get("/readyz", (c) => {
    const answer = readiness(options);
    return c.json(answer, answer.ready ? 200 : 503);
  });
}

/** The path as it came, so that `%2F` and `..` in a key stay what they are. */
function pathOnWire(request: Request, extra?: { env?: unknown }): string {
  const { incoming } = (extra?.env ?? {}) as { incoming?: IncomingMessage };
  const url = incoming?.url ?? new URL(request.url).pathname;
  const path = url.startsWith("/") ? url : url.replace(/^[a-z]+:\/\/[^/]*/i, "");
  return path.split("?", 1)[0] ?? path;
}

/** A path that came from outside, cut to what fits a message. */
function shown(path: string): string {
  return path.length > 100 ? `${path.slice(0, 100)}...` : path;
}

function failed({ logger, onFatal }: HttpOptions, error: Error, c: Context): Response {
  logger.error({ err: error, path: shown(c.req.path) }, "a request of the operator port failed");
  if (error instanceof InvariantError) onFatal(error);
  return refuse(c, new Refusal(500, "INTERNAL", "the request failed; the node's log says why"));
}
