import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keptTable } from "./kept-table.ts";
import { nodeReports } from "./node-reports.ts";
import { statusTable } from "./status-table.ts";
import { FakeHttp } from "./testing/fake-http.ts";
import type { NodeStatus } from "../server/http/status.ts";

const link = { since: 0, queuedBytes: 0, sentFrames: 0, sentBytes: 0, receivedFrames: 0, receivedBytes: 0 };

const status: NodeStatus = {
  cluster: "fake",
  datacenter: { name: "east", index: 0 },
  node: { name: "east-n0", index: 0 },
  pid: 42,
  version: "0.1.0",
  uptimeSeconds: 3_725,
  ready: true,
  partitions: { total: 4, owned: [0, 1, 2, 3] },
  clock: { told: 1, skewMs: 0 },
  log: { start: 0, end: 10, bytes: 64 * 1024 * 1024, segments: 2 },
  store: { bytes: 1 },
  dirtyBytes: 0,
  shipping: [
    { destination: 512, datacenter: 2, open: true, behindBytes: 0, inFlightBytes: 0, lagMs: 12 },
    { destination: 256, datacenter: 1, open: true, behindBytes: 0, inFlightBytes: 0, lagMs: 40 },
    { destination: 257, datacenter: 1, open: false, behindBytes: 9, inFlightBytes: 0, lagMs: 2_500 },
  ],
  waiting: { count: 3, bytes: 100, oldestMs: 61_000 },
  kept: [
    {
      what: "tombstones and expiring values",
      count: 12,
      bytes: 4_096,
      oldestMs: 61_000,
      heldBy: [
        { why: "closed time", datacenter: 1, count: 9 },
        { why: "transTime", count: 3 },
      ],
    },
    {
      what: "transactions coordinated",
      count: 1,
      bytes: 9,
      oldestMs: 0,
      heldBy: [{ why: "vote", node: 256, count: 1 }],
    },
    { what: "superseded versions", count: 0, bytes: 0, oldestMs: 0, heldBy: [] },
    { what: "records in memory", count: 2, bytes: 500, oldestMs: 0, heldBy: [] },
  ],
  links: [
    { ...link, peer: 512, up: true, lastError: undefined },
    { ...link, peer: 256, up: false, lastError: "LINK_CUT cut by the fault layer" },
  ],
  counters: {},
  refusingWrites: null,
};

let http: FakeHttp;

beforeEach(() => {
  http = new FakeHttp();
});

afterEach(() => http.close());

function cells(table: string): string[][] {
  return table.split("\n").map((line) => line.split(/ {2,}/));
}

describe("the report of a node", () => {
  it("shows lag by datacenter, what waits and what is wrong", async () => {
    const cluster = await http.cluster(["east", "west", "north"], ({ node }) =>
      node === "east-n0" ? { status: 200, body: status } : { status: 200, body: { ...status, ready: false } },
    );
    const [head, east, west] = cells(statusTable(await nodeReports(cluster)));
    expect(head).toEqual(["NODE", "STATE", "PID", "RESP", "HTTP", "UPTIME", "LAG TO", "WAITING", "LOG", "LINKS"]);
    expect(east?.slice(0, 3)).toEqual(["east-n0", "ready", "42"]);
    expect(east?.slice(5)).toEqual(["1h2m", "west 2.5s, north 12ms", "3, 1m1s", "64MiB", "1/2"]);
    expect(west?.[1]).toBe("not ready");
    expect(statusTable(await nodeReports(cluster))).toContain(
      "\neast-n0: no link to west-n0 (LINK_CUT cut by the fault layer)",
    );
  });

  it("names a node that refuses writes", async () => {
    const body = { ...status, refusingWrites: "the disk is full" };
    const cluster = await http.cluster(["east"], () => ({ status: 200, body }));
    const table = statusTable(await nodeReports(cluster));
    expect(cells(table)[1]?.[1]).toBe("read-only");
    expect(table).toContain("east-n0 refuses writes: the disk is full");
  });

  it("shows what is kept, with what holds it back by name, and nothing of which there is none", async () => {
    const cluster = await http.cluster(["east", "west"], ({ node }) => {
      const { kept: _, ...older } = status;
      return { status: 200, body: node === "east-n0" ? status : older };
    });
    const reports = await nodeReports(cluster);
    const held = "closed time of west (9), transTime (3)";
    expect(cells(keptTable(reports)).slice(0, 5)).toEqual([
      ["DATACENTER", "NODE", "KEPT", "COUNT", "BYTES", "OLDEST", "HELD BY"],
      ["east", "east-n0", "tombstones and expiring values", "12", "4KiB", "1m1s", held],
      ["east", "east-n0", "transactions coordinated", "1", "9B", "-", "vote of west-n0 (1)"],
      ["east", "east-n0", "records in memory", "2", "500B", "-", "-"],
      ["west", "west-n0", "-", "-", "-", "-", "-"],
    ]);
  });

  it("gives the reason where there is no answer", async () => {
    const cluster = await http.cluster(["east"], () => ({ status: 500, body: "oops" }));
    http.close();
    const [report] = await nodeReports(cluster);
    expect(report).toMatchObject({
      up: false,
      status: null,
      error: expect.stringContaining("nobody listens there") as string,
    });
  });

  it.each([
    [{ status: 200, body: "<html>" }, "did not answer with JSON"],
    [{ status: 200, body: { pid: "x" } }, "answered 200 with something else than a status"],
    [{ status: 401, body: {} }, "wants a password"],
  ])("believes no other server: %j", async (answer, words) => {
    const cluster = await http.cluster(["east"], () => answer);
    const [report] = await nodeReports(cluster);
    expect(report?.error).toContain(words);
  });

  it("is asked for with the password", async () => {
    const cluster = await http.cluster(["east"], () => ({ status: 200, body: status }));
    const [report] = await nodeReports(cluster, { password: "hush" });
    expect(report?.up).toBe(true);
    expect(http.requests[0]?.authorization).toBe(`Basic ${Buffer.from(":hush").toString("base64")}`);
  });
});
