/*
 * `/faults`: cuts, delays and heals the links of this node to another datacenter (fault-messages.ts), where the node was
 * started with faults allowed.
 */
import type { Hono } from "hono";
import { z } from "zod";
import type { FaultAnswer, FaultRequest } from "./fault-messages.ts";
import type { HttpOptions } from "./http-options.ts";
import type { BodyReader } from "./read-body.ts";
import { Refusal, refuse } from "./refusal.ts";
import type { FaultLayer } from "../../net/fault-layer.ts";

const requestBytesMax = 4_096;
const delayMsMax = 60_000;

const notAllowed = new Refusal(
  403,
  "FAULTS_NOT_ALLOWED",
  "this node was not started with faults allowed (allowFaults), which is for development only",
);
const notJson = new Refusal(415, "BAD_REQUEST", "faults are told as application/json");

const datacenter = z.int().min(0);
const faultRequest = z.discriminatedUnion("action", [
  z.strictObject({ action: z.literal("cut"), datacenter }),
  z.strictObject({ action: z.literal("delay"), datacenter, delayMs: z.number().min(0).max(delayMsMax) }),
  z.strictObject({ action: z.literal("heal"), datacenter: datacenter.optional() }),
]);

export function addFaultRoutes(app: Hono, options: HttpOptions, bodies: BodyReader): void {
  const { faults, cluster, driver, logger } = options;
  app.get("/faults", (c) => (faults === undefined ? refuse(c, notAllowed) : c.json(answer(faults))));
  app.post("/faults", async (c) => {
    if (faults === undefined) return refuse(c, notAllowed);
    if (!/^application\/json\b/i.test(c.req.header("content-type") ?? "")) return refuse(c, notJson);
    const body = await bodies.read(c.req.raw, requestBytesMax);
    if (body instanceof Refusal) return refuse(c, body);
    bodies.release(body.length);
    const request = parse(body.toString("utf8"));
    if (request instanceof Refusal) return refuse(c, request);
    const wrong = wrongDatacenter(request, cluster.datacenters.length, driver.core.state.datacenter);
    if (wrong !== undefined) return refuse(c, wrong);
    carryOut(faults, request);
    logger.warn({ ...request }, "faults changed by an operator");
    return c.json(answer(faults));
  });
}

function answer(faults: FaultLayer): FaultAnswer {
  return { faults: faults.list() };
}

function parse(text: string): FaultRequest | Refusal {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return badRequest(`not JSON: ${(error as Error).message}`);
  }
  const result = faultRequest.safeParse(value);
  if (!result.success) return badRequest(z.prettifyError(result.error).replaceAll(/\s+/g, " "));
  const request = result.data;
  if (request.action !== "heal") return request;
  return request.datacenter === undefined ? { action: "heal" } : { action: "heal", datacenter: request.datacenter };
}

function wrongDatacenter(request: FaultRequest, datacenters: number, own: number): Refusal | undefined {
  if (request.datacenter === undefined) return undefined;
  if (request.datacenter >= datacenters) return badRequest(`there is no datacenter ${request.datacenter}`);
  return request.datacenter === own ? badRequest("faults are between datacenters, not inside one") : undefined;
}

function badRequest(message: string): Refusal {
  return new Refusal(400, "BAD_REQUEST", message);
}

function carryOut(faults: FaultLayer, request: FaultRequest): void {
  switch (request.action) {
    case "cut":
      faults.cut(request.datacenter);
      return;
    case "delay":
      faults.setDelay(request.datacenter, request.delayMs);
      return;
    case "heal":
      faults.heal(request.datacenter);
      return;
  }
}
