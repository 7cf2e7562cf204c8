import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { keyOfPath } from "./key-path.ts";
import { sendRaw, startHttpAt } from "./testing/http-node.ts";
import type { HttpNode } from "./testing/http-node.ts";
import { get, MemoryCluster } from "../testing/memory-cluster.ts";

const clusters: MemoryCluster[] = [];
const started: HttpNode[] = [];

afterEach(async () => {
  for (const { server, fatal, logged } of started.splice(0)) {
    await server.close();
    expect([fatal, logged]).toEqual([[], []]);
  }
  for (const cluster of clusters.splice(0)) await cluster.close();
});

async function startCluster(nodesOf: readonly number[]): Promise<MemoryCluster> {
  const cluster = await MemoryCluster.start({ nodesOf, partitions: 4 });
  clusters.push(cluster);
  return cluster;
}

async function startAt(cluster: MemoryCluster, datacenter: number, index: number): Promise<HttpNode> {
  const node = await startHttpAt(cluster, cluster.node(datacenter, index));
  started.push(node);
  return node;
}

function keyUrl(http: HttpNode, key: string): string {
  return `${http.url}/v1/keys/${key}`;
}

async function codeOf(response: Response): Promise<[number, string]> {
  const { error } = (await response.json()) as { error: { code: string } };
  return [response.status, error.code];
}

describe("the REST face", () => {
  it("puts, gets and deletes, at any node", async () => {
    const cluster = await startCluster([2]);
    const first = await startAt(cluster, 0, 0);
    const second = await startAt(cluster, 0, 1);
    for (const key of ["a", "b", "c", "d", "e"]) {
      expect(await codeOf(await fetch(keyUrl(first, key)))).toEqual([404, "NOT_FOUND"]);
      const put = await fetch(keyUrl(first, key), { method: "PUT", body: `value of ${key}` });
      expect(put.status).toBe(204);
      const read = await fetch(keyUrl(second, key));
      expect([read.status, await read.text()]).toEqual([200, `value of ${key}`]);
      expect(read.headers.get("content-type")).toBe("application/octet-stream");
      expect(read.headers.get("cops-dot")).toBe(put.headers.get("cops-dot"));
      expect(read.headers.get("cops-dot")).toMatch(/^0\/\d+\/\d+$/);
      expect((await fetch(keyUrl(second, key), { method: "HEAD" })).status).toBe(200);
      expect((await fetch(keyUrl(first, key), { method: "DELETE" })).status).toBe(204);
      expect(await codeOf(await fetch(keyUrl(second, key)))).toEqual([404, "NOT_FOUND"]);
      expect(await codeOf(await fetch(keyUrl(first, key), { method: "DELETE" }))).toEqual([404, "NOT_FOUND"]);
    }
  });

  it("carries any bytes as value, and any bytes as key", async () => {
    const cluster = await startCluster([1]);
    const http = await startAt(cluster, 0, 0);
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const everyByte = Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
    expect((await fetch(keyUrl(http, everyByte), { method: "PUT", body: bytes })).status).toBe(204);
    const read = await fetch(keyUrl(http, everyByte));
    expect(Buffer.from(await read.arrayBuffer()).equals(bytes)).toBe(true);
    const node = cluster.node(0, 0);
    const key = Buffer.from(bytes).toString("latin1");
    expect((await get(node, node.driver.core.createSession(), key))?.value).toBe(key);
    await fetch(keyUrl(http, "empty"), { method: "PUT" });
    const empty = await fetch(keyUrl(http, "empty"));
    expect([empty.status, await empty.text()]).toEqual([200, ""]);
    await fetch(keyUrl(http, "a/b%2Fc"), { method: "PUT", body: "slashes" });
    expect((await get(node, node.driver.core.createSession(), "a/b/c"))?.value).toBe("slashes");
  });

  it("takes dots in a key as they are", async () => {
    const cluster = await startCluster([1]);
    const http = await startAt(cluster, 0, 0);
    const head = "HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    expect(await sendRaw(http.server.port, `PUT /v1/keys/a/../%2e%2e ${head}Content-Length: 1\r\n\r\nx`)).toMatch(
      /^HTTP\/1.1 204/,
    );
    expect(await sendRaw(http.server.port, `GET /v1/keys/a/../.. ${head}\r\n`)).toMatch(/^HTTP\/1.1 200[^]*\r\nx$/);
  });

  it("writes on condition", async () => {
    const cluster = await startCluster([1]);
    const http = await startAt(cluster, 0, 0);
    const put = (body: string, headers: Record<string, string>): Promise<Response> =>
      fetch(keyUrl(http, "k"), { method: "PUT", body, headers });
    expect(await codeOf(await put("0", { "If-Match": "*" }))).toEqual([412, "CONDITION_FAILED"]);
    expect((await put("1", { "If-None-Match": "*" })).status).toBe(204);
    expect(await codeOf(await put("2", { "If-None-Match": "*" }))).toEqual([412, "CONDITION_FAILED"]);
    expect((await put("3", { "If-Match": "*" })).status).toBe(204);
    expect(await codeOf(await put("4", { "If-Match": '"etag"' }))).toEqual([400, "BAD_CONDITION"]);
    expect(await (await fetch(keyUrl(http, "k"))).text()).toBe("3");
  });

  it("reads many keys at one time, as JSON", async () => {
    const cluster = await startCluster([2]);
    const http = await startAt(cluster, 0, 0);
    const names = Array.from({ length: 20 }, (_, i) => `k${i}`);
    for (const name of names) await fetch(keyUrl(http, name), { method: "PUT", body: `value of ${name}` });
    await fetch(keyUrl(http, "k3"), { method: "DELETE" });
    await fetch(keyUrl(http, "%ff+%26"), { method: "PUT", body: Uint8Array.of(0, 255) });
    await fetch(keyUrl(http, "late"), { method: "PUT", body: "x", headers: { "Cops-Expires": "4000000000000" } });
    const query = [...names, "%ff%2B%26", "never", "late", "k0"].map((name) => `key=${name}`).join("&");
    const read = await fetch(`${http.url}/v1/keys?${query}`);
    const { time, keys } = (await read.json()) as { time: number; keys: { key: string; value: string | null }[] };
    expect([read.status, read.headers.get("content-type")]).toEqual([200, "application/json"]);
    expect(time).toBeGreaterThan(0);
    expect(read.headers.get("cops-token")).not.toBeNull();
    const textOf = (base64: string): string => Buffer.from(base64, "base64").toString("latin1");
    expect(keys.map(({ key }) => textOf(key))).toEqual([...names, "\xff+&", "never", "late", "k0"]);
    expect(keys.slice(0, 20).map(({ value }) => (value === null ? null : textOf(value)))).toEqual(
      names.map((name) => (name === "k3" ? null : `value of ${name}`)),
    );
    expect(keys[3]).toMatchObject({
      value: null,
      dot: expect.any(String) as string,
      time: expect.any(Number) as number,
    });
    expect([keys[20]?.value, keys[23]]).toEqual(["AP8=", keys[0]]);
    expect(keys[21]).toEqual({ key: "bmV2ZXI=", value: null });
    expect(keys[22]).toMatchObject({ expires: 4_000_000_000_000 });
  });

  it("refuses keys in a query that are none, or too many", async () => {
    const cluster = await startCluster([1]);
    const http = await startAt(cluster, 0, 0);
    for (const query of ["", "?", "?key", "?key=%zz", "?key=a&other=b", "?key="]) {
      expect(await codeOf(await fetch(`${http.url}/v1/keys${query}`))).toEqual([400, "BAD_KEY"]);
    }
    const many = Array.from({ length: 4097 }, () => "key=a").join("&");
    expect(await codeOf(await fetch(`${http.url}/v1/keys?${many}`))).toEqual([400, "TOO_MANY_KEYS"]);
    const put = await fetch(`${http.url}/v1/keys?key=a`, { method: "PUT", body: "x" });
    expect(await codeOf(put)).toEqual([400, "BAD_KEY"]);
  });

  it("takes and tells when a value expires", async () => {
    const cluster = await startCluster([1]);
    const http = await startAt(cluster, 0, 0);
    const put = (headers: Record<string, string>): Promise<Response> =>
      fetch(keyUrl(http, "k"), { method: "PUT", body: "x", headers });
    const expires = async (): Promise<string | null> => (await fetch(keyUrl(http, "k"))).headers.get("cops-expires");
    expect((await put({ "Cops-Expires": "4000000000000" })).status).toBe(204);
    expect(await expires()).toBe("4000000000000");
    const before = Date.now();
    expect((await put({ "Cops-Expires-In": "1000000" })).status).toBe(204);
    expect(Number(await expires())).toBeGreaterThanOrEqual(before + 1_000_000);
    expect((await put({})).status).toBe(204);
    expect(await expires()).toBeNull();
    expect((await put({ "Cops-Expires": "1" })).status).toBe(204);
    expect(await codeOf(await fetch(keyUrl(http, "k")))).toEqual([404, "NOT_FOUND"]);
    for (const headers of [
      { "Cops-Expires": "0" },
      { "Cops-Expires-In": "soon" },
      { "Cops-Expires": "9999999999999999" },
      { "Cops-Expires": "4000000000000", "Cops-Expires-In": "1" },
    ]) {
      expect(await codeOf(await put(headers))).toEqual([400, "BAD_EXPIRY"]);
    }
  });

  it("hands causality from one datacenter to another in a token", async () => {
    const cluster = await startCluster([1, 1]);
    const east = await startAt(cluster, 0, 0);
    const west = await startAt(cluster, 1, 0);
    for (let round = 0; round < 20; round++) {
      const put = await fetch(keyUrl(east, "k"), { method: "PUT", body: String(round) });
      const token = put.headers.get("cops-token") as string;
      const read = await fetch(keyUrl(west, "k"), { headers: { "Cops-Token": token } });
      expect(await read.text()).toBe(String(round));
    }
  });

  it("waits in vain for what cannot arrive, and says so", async () => {
    const cluster = await startCluster([1, 1]);
    const east = await startAt(cluster, 0, 0);
    const west = await startHttpAt(cluster, cluster.node(1, 0), {}, 100);
    started.push(west);
    cluster.network.cut(0, 256);
    await cluster.until(() => !cluster.node(1, 0).driver.core.state.linksUp.has(0));
    const put = await fetch(keyUrl(east, "k"), { method: "PUT", body: "x" });
    const headers = { "Cops-Token": put.headers.get("cops-token") as string };
    expect(await codeOf(await fetch(keyUrl(west, "k"), { headers }))).toEqual([504, "TIMEOUT"]);
  });

  it("refuses tokens that are none, or changed", async () => {
    const cluster = await startCluster([1]);
    const http = await startAt(cluster, 0, 0);
    const put = await fetch(keyUrl(http, "k"), { method: "PUT", body: "x" });
    const token = put.headers.get("cops-token") as string;
    const read = (text: string): Promise<Response> => fetch(keyUrl(http, "k"), { headers: { "Cops-Token": text } });
    expect((await read(token)).status).toBe(200);
    expect(await codeOf(await read("hello"))).toEqual([400, "TOKENFORMAT"]);
    expect(await codeOf(await read(token.slice(0, -4)))).toEqual([400, "TOKENCUT"]);
    const middle = token.length - 30;
    const changed = token.slice(0, middle) + (token[middle] === "A" ? "B" : "A") + token.slice(middle + 1);
    expect((await codeOf(await read(changed)))[0]).toBe(400);
  });

  it("refuses keys and values that are none or too large, and goes on", async () => {
    const cluster = await startCluster([1]);
    const http = await startAt(cluster, 0, 0);
    expect(await codeOf(await fetch(keyUrl(http, "")))).toEqual([400, "BAD_KEY"]);
    expect(await codeOf(await fetch(keyUrl(http, "x".repeat(65_537))))).toEqual([400, "BAD_KEY"]);
    expect((await fetch(keyUrl(http, "x".repeat(65_536)))).status).toBe(404);
    const raw = await sendRaw(
      http.server.port,
      "GET /v1/keys/100% HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    );
    expect(raw).toMatch(/^HTTP\/1.1 400[^]*"BAD_KEY"/);
    const head = "PUT /v1/keys/k HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
    const tooLong = await sendRaw(http.server.port, `${head}Content-Length: 33554433\r\n\r\n`);
    expect(tooLong).toMatch(/^HTTP\/1.1 413[^]*"TOO_LARGE"/);
    expect((await fetch(keyUrl(http, "k"), { method: "PUT", body: "fine" })).status).toBe(204);
  });

  it("refuses a body that grows beyond the limit as it comes", async () => {
    const cluster = await startCluster([1]);
    const http = await startAt(cluster, 0, 0);
    const chunk = new Uint8Array(1024 * 1024);
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(chunk);
        if (++sent === 40) controller.close();
      },
    });
    const init = { method: "PUT", body, duplex: "half" } as RequestInit;
    const outcome = await fetch(keyUrl(http, "k"), init).then(
      (response) => response.status,
      () => "cut off",
    );
    expect([413, "cut off"]).toContain(outcome);
    expect((await fetch(keyUrl(http, "k"))).status).toBe(404);
  });

  it("says that writes are refused, and goes on reading", async () => {
    const cluster = await startCluster([1]);
    const http = await startAt(cluster, 0, 0);
    await fetch(keyUrl(http, "k"), { method: "PUT", body: "x" });
    cluster.node(0, 0).driver.core.refuseWrites("the disk is full");
    const put = await fetch(keyUrl(http, "k"), { method: "PUT", body: "y" });
    expect(put.headers.get("retry-after")).toBe("1");
    expect(await codeOf(put)).toEqual([503, "READONLY"]);
    expect(await (await fetch(keyUrl(http, "k"))).text()).toBe("x");
  });

  it("serves nobody before the node does", async () => {
    const cluster = await startCluster([1]);
    const http = await startAt(cluster, 0, 0);
    http.phase = "recovering";
    expect(await codeOf(await fetch(keyUrl(http, "k")))).toEqual([503, "NOT_SERVING"]);
  });
});

describe("keyOfPath", () => {
  it("gives back every key", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), fc.boolean(), (bytes, sparing) => {
        const path = Array.from(bytes, (byte) => {
          const isPlain = sparing && /[a-z0-9]/i.test(String.fromCharCode(byte));
          return isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).padStart(2, "0")}`;
        }).join("");
        expect(keyOfPath(path)).toBe(Buffer.from(bytes).toString("latin1"));
      }),
    );
  });

  it("refuses a percent sign that stands for nothing", () => {
    for (const path of ["%", "a%2", "%zz", "%%"]) expect(keyOfPath(path)).toBeUndefined();
  });
});
