/*
 * One real node on a real disk, alone in its cluster or with another datacenter that does not run.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { createConnection, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nodeConfigOf } from "./config/node-config.ts";
import { settingsSchema } from "./config/schema.ts";
import type { NodeSettings } from "./config/schema.ts";
import { startNode } from "./start-node.ts";
import type { NodeLogger, RunningNode } from "./start-node.ts";

let directory: string;
let nodes: NodeSettings[];
const running: RunningNode[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "cops-start-"));
  const [respPort, httpPort, peerPort, r, h, p] = (await freePorts(6)) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const host = "127.0.0.1";
  nodes = [
    { name: "here", host, respPort, httpPort, peerPort },
    { name: "there", host, respPort: r, httpPort: h, peerPort: p },
  ];
});

afterEach(async () => {
  for (const node of running.splice(0)) await node.close();
  await rm(directory, { recursive: true });
});

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = servers.map(async (server) => {
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    return (server.address() as AddressInfo).port;
  });
  const found = await Promise.all(ports);
  for (const server of servers) server.close();
  return found;
}

const ignore = (): void => undefined;
const logger: NodeLogger = { info: ignore, warn: ignore, error: ignore, fatal: ignore };

async function start(datacenterCount = 1, expectExistingData = false): Promise<RunningNode> {
  const datacenters = nodes.slice(0, datacenterCount).map((node, index) => ({ name: `d${index}`, nodes: [node] }));
  const settings = settingsSchema.parse({
    cluster: { id: "test", partitions: 4, datacenters },
    node: "here",
    dataDirectory: directory,
    expectExistingData,
    logSegmentBytes: "1MiB",
    minFreeBytes: 0,
  });
  const node = await startNode(nodeConfigOf(settings), logger);
  running.push(node);
  return node;
}

async function stop(node: RunningNode): Promise<void> {
  running.splice(running.indexOf(node), 1);
  await node.close();
}

async function http(path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${nodes[0]?.httpPort}${path}`);
  return { status: response.status, text: await response.text() };
}

/** The first reply to that line. */
function ask(line: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host: "127.0.0.1", port: nodes[0]?.respPort ?? 0 }, () => {
      socket.write(`${line}\r\n`);
    });
    socket.once("error", reject);
    socket.once("data", (reply) => {
      socket.destroy();
      resolve(reply.toString("latin1"));
    });
  });
}

describe("a node that starts", () => {
  it("answers operators before it serves clients, and says where it is", async () => {
    const node = await start(2);
    expect((await http("/healthz")).status).toBe(200);
    // Empty, it first listens for what the other datacenter has of it, which takes as long as it does not answer.
    const { status, text } = await http("/readyz");
    expect([status, text]).toEqual([503, expect.stringMatching(/"the node is (recovering|joining)"/)]);
    expect((await http("/status")).status).toBe(200);
    expect((await http("/metrics")).text).toContain("cops_log_append_duration_seconds_bucket");
    await expect(ask("PING")).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await node.ready;
    expect((await http("/readyz")).status).toBe(200);
    expect(await ask("PING")).toBe("+PONG\r\n");
  });

  it("may be stopped at any point of it, and loses nothing by that", async () => {
    const first = await start();
    await first.ready;
    expect(await ask("SET k v")).toBe("+OK\r\n");
    await stop(first);
    const second = await start();
    const outcome = second.ready.then(
      () => "ready",
      (error: unknown) => (error as Error).name,
    );
    await stop(second);
    expect(["AbortError", "ready"]).toContain(await outcome);
    const third = await start();
    await third.ready;
    expect(await ask("GET k")).toBe("$1\r\nv\r\n");
  });

  it("is refused an empty directory, or one with nothing but an identity, where there have been data", async () => {
    await expect(start(1, true)).rejects.toMatchObject({
      code: "DATA_DIRECTORY_EMPTIED",
      directory: join(directory, "here"),
    });
    const first = await start();
    await first.ready;
    await stop(first);
    await stop(await start(1, true));
    for (const lost of ["log", "store"]) await rm(join(directory, "here", lost), { recursive: true });
    // The first refusal leaves a directory that looks used.
    for (let attempt = 0; attempt < 2; attempt++) {
      await expect(start(1, true)).rejects.toMatchObject({ code: "DATA_DIRECTORY_EMPTIED", retryable: false });
    }
  });

  it("lets go of everything when it cannot serve", async () => {
    const port = nodes[0]?.respPort ?? 0;
    const taken = createServer();
    await new Promise<void>((resolve) => {
      taken.listen(port, "127.0.0.1", resolve);
    });
    await expect((await start()).ready).rejects.toMatchObject({ code: "LISTEN_FAILED" });
    await expect(http("/healthz")).rejects.toThrow("fetch failed");
    taken.close();
    await (
      await start()
    ).ready;
  });

  it("measures its clients and its log", async () => {
    await (
      await start()
    ).ready;
    await ask("SET k v");
    await ask("MGET k l");
    const { text } = await http("/metrics");
    expect(text).toContain('cops_operation_duration_seconds_count{kind="write"} 1\n');
    expect(text).toContain('cops_operation_duration_seconds_count{kind="read"} 1\n');
    expect(text).toMatch(/^cops_log_append_duration_seconds_count [1-9]/m);
    expect(text).toMatch(/^cops_clients_max 10000$/m);
  });
});
