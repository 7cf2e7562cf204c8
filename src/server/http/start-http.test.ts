import { afterEach, describe, expect, it } from "vitest";
import { LatencyHistogram } from "./latency-histogram.ts";
import { MeasuredLog, OperationLatencies } from "./measures.ts";
import { startHttp } from "./start-http.ts";
import type { NodeStatus } from "./status.ts";
import { faultLayerOf, sendRaw, startHttpAt } from "./testing/http-node.ts";
import type { HttpNode } from "./testing/http-node.ts";
import { MemoryCluster, put } from "../testing/memory-cluster.ts";
import { FaultLayer } from "../../net/fault-layer.ts";

const clusters: MemoryCluster[] = [];
const started: HttpNode[] = [];

afterEach(async () => {
  for (const { server, fatal } of started.splice(0)) {
    await server.close();
    expect(fatal).toEqual([]);
  }
  for (const cluster of clusters.splice(0)) await cluster.close();
});

async function startCluster(nodesOf: readonly number[], withFaults = false): Promise<MemoryCluster> {
  const wrap = {
    wrap: (inner: ConstructorParameters<typeof FaultLayer>[0], self: number) => new FaultLayer(inner, { self }),
  };
  const cluster = await MemoryCluster.start({ nodesOf, partitions: 4, ...(withFaults ? wrap : {}) });
  clusters.push(cluster);
  return cluster;
}

async function startAt(...args: Parameters<typeof startHttpAt>): Promise<HttpNode> {
  const node = await startHttpAt(...args);
  started.push(node);
  return node;
}

async function jsonOf(response: Response): Promise<unknown> {
  expect(response.headers.get("content-type")).toContain("application/json");
  return response.json();
}

describe("the operator port", () => {
  it("tells whether the process lives, and whether it should get clients", async () => {
    const cluster = await startCluster([2, 1]);
    const http = await startAt(cluster, cluster.node(0, 0));
    expect((await fetch(`${http.url}/healthz`)).status).toBe(200);
    const ready = await fetch(`${http.url}/readyz`);
    expect([ready.status, await jsonOf(ready)]).toEqual([200, { ready: true, reasons: [], warnings: [] }]);
    http.phase = "recovering";
    const recovering = await fetch(`${http.url}/readyz`);
    expect([recovering.status, await jsonOf(recovering)]).toMatchObject([
      503,
      { ready: false, reasons: ["the node is recovering"] },
    ]);
    expect((await fetch(`${http.url}/healthz`)).status).toBe(200);
    http.phase = "failed";
    expect((await fetch(`${http.url}/healthz`)).status).toBe(503);
  });

  it("is not ready without its own datacenter's nodes, and is without other datacenters", async () => {
    const cluster = await startCluster([2, 1]);
    const self = cluster.node(0, 0);
    const http = await startAt(cluster, self);
    cluster.network.cut(self.id, cluster.node(1, 0).id);
    await cluster.until(async () => {
      const { ready, warnings } = (await (await fetch(`${http.url}/readyz`)).json()) as {
        ready: boolean;
        warnings: string[];
      };
      return ready && warnings.some((warning) => warning.includes("no link to west-0 in west"));
    });
    cluster.network.cut(self.id, cluster.node(0, 1).id);
    await cluster.until(async () => (await fetch(`${http.url}/readyz`)).status === 503);
    const { reasons } = (await (await fetch(`${http.url}/readyz`)).json()) as { reasons: string[] };
    expect(reasons).toEqual(["no link to east-1 in east, which owns keys"]);
  });

  it("tells a node's status, with what is shipped and how far the destination is behind", async () => {
    const cluster = await startCluster([1, 1]);
    const node = cluster.node(0, 0);
    const http = await startAt(cluster, node);
    await put(node, node.driver.core.createSession(), "k", "v");
    const read = async (): Promise<NodeStatus> => (await (await fetch(`${http.url}/status`)).json()) as NodeStatus;
    await cluster.until(async () => (await read()).shipping[0]?.lagMs === 0);
    expect(await read()).toMatchObject({
      cluster: "test",
      datacenter: { name: "east", index: 0 },
      node: { name: "east-0", index: 0 },
      pid: process.pid,
      version: "1.2.3",
      ready: true,
      partitions: { total: 4, owned: [0, 1, 2, 3] },
      shipping: [{ destination: 256, datacenter: 1, open: true, behindBytes: 0, lagMs: 0 }],
      waiting: { count: 0, bytes: 0, oldestMs: 0 },
      links: [{ peer: 256, up: true }],
      counters: { writesLocal: 1 },
      refusingWrites: null,
    });
    cluster.network.cut(node.id, 256);
    await cluster.until(async () => (await read()).links[0]?.up === false);
    await put(node, node.driver.core.createSession(), "k", "w");
    await cluster.until(async () => ((await read()).shipping[0]?.lagMs ?? 0) > 0);
    expect((await read()).shipping[0]).toMatchObject({ open: false });
    expect((await read()).shipping[0]?.behindBytes).toBeGreaterThan(0);
    node.driver.core.refuseWrites("the disk is full");
    expect((await read()).refusingWrites).toBe("the disk is full");
  });

  it("gives metrics as Prometheus reads them, each with help and a unit", async () => {
    const cluster = await startCluster([1, 1]);
    const node = cluster.node(0, 0);
    const latencies = new OperationLatencies();
    const appends = new LatencyHistogram();
    const clients = (): { connected: number; max: number } => ({ connected: 3, max: 10 });
    const http = await startAt(cluster, node, { latencies, appends, clients });
    await put(node, node.driver.core.createSession(), "k", "v");
    await cluster.until(() => [...node.driver.core.shippers.values()].every((shipper) => shipper.isOpen));
    latencies.write.observeMs(1.5);
    latencies.read.observeMs(0.0004, 10);
    appends.observeMs(100_000);
    const response = await fetch(`${http.url}/metrics`);
    expect(response.headers.get("content-type")).toContain("text/plain; version=0.0.4");
    const text = await response.text();
    const lines = text.split("\n");
    expect(lines).toEqual(
      expect.arrayContaining([
        'cops_operations_total{kind="write",served="here"} 1',
        'cops_operation_duration_seconds_bucket{kind="write",le="0.001536"} 1',
        'cops_operation_duration_seconds_bucket{kind="write",le="0.001024"} 0',
        'cops_operation_duration_seconds_bucket{kind="read",le="0.000001"} 10',
        'cops_operation_duration_seconds_count{kind="read"} 10',
        'cops_log_append_duration_seconds_bucket{le="67.1089"} 0',
        'cops_log_append_duration_seconds_bucket{le="+Inf"} 1',
        'cops_replication_stream_open{from="east",to="west",node="west-0"} 1',
        'cops_link_up{peer="west-0",datacenter="west"} 1',
        "cops_refusing_writes 0",
        "cops_ready 1",
        "cops_clients 3",
        "cops_waiting_writes 0",
        'cops_kept{what="records_in_memory"} 1',
        'cops_kept_held{what="changed_records",by="checkpoint",datacenter="",node=""} 1',
        "cops_transactions_begun_total 0",
        "cops_malformed_messages_total 0",
        "cops_writes_dropped_total 0",
      ]),
    );
    expect(text).toMatch(/^cops_group_commit_entries_count [1-9]/m);
    for (const line of lines.filter((candidate) => candidate.startsWith("cops_"))) {
      expect(line).toMatch(/^cops_[a-z_]+(\{[^}]*\})? [-+.eE\d]+$/);
      const family = (/^[a-z_]+/.exec(line)?.[0] ?? "").replace(/_(bucket|sum|count)$/, "");
      expect(text).toContain(`# HELP ${family}`);
    }
  });

  it("exports every counter of the core", async () => {
    const cluster = await startCluster([1]);
    const http = await startAt(cluster, cluster.node(0, 0));
    const text = await (await fetch(`${http.url}/metrics`)).text();
    const inOperations = ["readsLocal", "readsForwarded", "writesLocal", "writesForwarded"];
    const fields = Object.keys(cluster.node(0, 0).driver.core.state.counters);
    const names = fields
      .filter((field) => !inOperations.includes(field))
      .map((field) => `cops_${field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}_total`);
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !text.includes(`\n${name} `))).toEqual([]);
  });

  it("changes faults where they are allowed, and refuses elsewhere", async () => {
    const cluster = await startCluster([1, 1], true);
    const node = cluster.node(0, 0);
    const http = await startAt(cluster, node, { faults: faultLayerOf(node) });
    const plain = await startAt(cluster, node);
    const post = (url: string, body: unknown, type = "application/json"): Promise<Response> => {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      return fetch(`${url}/faults`, { method: "POST", body: text, headers: { "Content-Type": type } });
    };
    expect(await jsonOf(await post(http.url, { action: "delay", datacenter: 1, delayMs: 30 }))).toMatchObject({
      faults: [{ datacenter: 1, delayMs: 30, cut: false }],
    });
    expect(await jsonOf(await post(http.url, { action: "cut", datacenter: 1 }))).toMatchObject({
      faults: [{ cut: true }],
    });
    expect(node.driver.core.state.linksUp.size).toBe(0);
    expect(await jsonOf(await post(http.url, { action: "heal" }))).toMatchObject({
      faults: [{ delayMs: 0, cut: false }],
    });
    await cluster.until(() => node.driver.core.state.linksUp.size === 1);
    expect(await jsonOf(await fetch(`${http.url}/faults`))).toMatchObject({ faults: [{ datacenter: 1 }] });
    const wrong = [
      "{",
      { action: "burn" },
      { action: "cut" },
      { action: "cut", datacenter: 0 },
      { action: "cut", datacenter: 7 },
      { action: "delay", datacenter: 1, delayMs: -1 },
      { action: "cut", datacenter: 1, extra: true },
    ];
    for (const body of wrong) {
      const response = await post(http.url, body);
      expect([response.status, await jsonOf(response)]).toMatchObject([400, { error: { code: "BAD_REQUEST" } }]);
    }
    expect((await post(http.url, { action: "heal" }, "text/plain")).status).toBe(415);
    expect((await post(http.url, `"${"x".repeat(5_000)}"`)).status).toBe(413);
    for (const response of [await fetch(`${plain.url}/faults`), await post(plain.url, { action: "heal" })]) {
      expect([response.status, await jsonOf(response)]).toMatchObject([403, { error: { code: "FAULTS_NOT_ALLOWED" } }]);
    }
  });

  it("asks for the password, as Basic or Bearer, for everything but the sign of life", async () => {
    const cluster = await startCluster([1]);
    const http = await startAt(cluster, cluster.node(0, 0), { password: "pass:wörd" });
    expect((await fetch(`${http.url}/healthz`)).status).toBe(200);
    const withHeader = (authorization: string): Promise<Response> =>
      fetch(`${http.url}/status`, { headers: { authorization } });
    const basic = (pair: string): string => `Basic ${Buffer.from(pair, "utf8").toString("base64")}`;
    expect((await withHeader(basic("anybody:pass:wörd"))).status).toBe(200);
    for (const authorization of ["", "Bearer wrong", basic("pass:wörd"), basic("nothing"), "Basic", "Digest x"]) {
      const response = await withHeader(authorization);
      expect([response.status, await jsonOf(response)]).toMatchObject([401, { error: { code: "UNAUTHORIZED" } }]);
      expect(response.headers.get("www-authenticate")).toContain("Basic");
    }
    const ascii = await startAt(cluster, cluster.node(0, 0), { password: "secret" });
    const bearer = await fetch(`${ascii.url}/readyz`, { headers: { authorization: "Bearer secret" } });
    expect(bearer.status).toBe(200);
  });

  it("does not listen beyond loopback without a password, nor on a port that is taken", async () => {
    const cluster = await startCluster([1]);
    const http = await startAt(cluster, cluster.node(0, 0));
    const options = { ...optionsOf(http, cluster), port: http.server.port };
    await expect(startHttp({ ...options, host: "0.0.0.0", password: undefined })).rejects.toMatchObject({
      name: "HttpServerError",
      code: "LISTEN_INSECURE",
    });
    await expect(startHttp(options)).rejects.toMatchObject({ name: "HttpServerError", code: "LISTEN_FAILED" });
  });

  it("answers what it does not know, and what is no HTTP, with an error in JSON", async () => {
    const cluster = await startCluster([1]);
    const http = await startAt(cluster, cluster.node(0, 0));
    for (const [method, path] of [
      ["GET", "/nothing"],
      ["POST", "/status"],
      ["PATCH", "/v1/keys/k"],
      ["GET", "/"],
    ] as const) {
      const response = await fetch(http.url + path, { method });
      expect([response.status, await jsonOf(response)]).toMatchObject([404, { error: { code: "NO_SUCH_ROUTE" } }]);
    }
    const { port } = http.server;
    const raw = async (text: string): Promise<string> => (await sendRaw(port, text)).replaceAll("\r\n", "\n");
    expect(await raw("*1\r\n$4\r\nPING\r\n")).toMatch(/^HTTP\/1.1 400 [^]*\{"error":\{"code":"BAD_REQUEST"/);
    expect(await raw("GET / HTTP/1.1\r\nConnection: close\r\n\r\n")).toMatch(/^HTTP\/1.1 400/);
    expect(await raw(`GET /${"x".repeat(400_000)} HTTP/1.1\r\n\r\n`)).toMatch(/^HTTP\/1.1 431[^]*"TOO_LARGE"/);
    expect(await raw("GET /status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")).toMatch(
      /^HTTP\/1.1 403[^]*"HOST_REFUSED"/,
    );
    for (const host of [`localhost:${port}`, `127.0.0.1:${port}`, "[::1]"]) {
      expect(await raw(`GET /healthz HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`)).toMatch(
        /^HTTP\/1.1 200/,
      );
    }
    expect((await fetch(`${http.url}/healthz`)).status).toBe(200);
  });
});

describe("MeasuredLog", () => {
  it("measures appends and is the log in all else", async () => {
    const cluster = await startCluster([1]);
    const { log } = cluster.node(0, 0);
    const measured = new MeasuredLog(log);
    expect([measured.start, measured.end]).toEqual([log.start, log.end]);
    const payload = Buffer.from("entry") as unknown as Parameters<MeasuredLog["append"]>[0];
    const before = log.end;
    const end = await measured.append(payload, 5);
    expect([end, measured.end]).toEqual([log.end, log.end]);
    expect(measured.appends.count).toBe(1);
    const frames = await measured.read(before, 100);
    expect(frames.map((frame) => frame.payload.latin1Slice())).toEqual(["entry"]);
    expect(measured.stats().appends).toBe(log.stats().appends);
    expect(measured.segments()).toEqual(log.segments());
  });
});

function optionsOf(http: HttpNode, cluster: MemoryCluster): Parameters<typeof startHttp>[0] {
  const log = (): void => undefined;
  return {
    host: "127.0.0.1",
    port: 0,
    password: undefined,
    driver: http.node.driver,
    cluster: { id: "test", datacenters: cluster.datacenters, sign: undefined },
    links: () => [],
    faults: undefined,
    phase: () => "serving",
    version: "0",
    logger: { info: log, warn: log, error: log },
    attachTimeoutMs: 100,
    onFatal: log,
  };
}
