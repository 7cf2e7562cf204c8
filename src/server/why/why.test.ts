import { afterEach, describe, expect, it } from "vitest";
import type { WhyCluster } from "./cluster.ts";
import { describeWhy } from "./describe.ts";
import { shippedRequest } from "./messages.ts";
import type { WhyReport } from "./report.ts";
import { registerWhy, why } from "./why.ts";
import { get, MemoryCluster, put } from "../testing/memory-cluster.ts";
import type { MemoryNode } from "../testing/memory-cluster.ts";
import { nodeIdOf } from "../../core/placement.ts";
import { formatDot, originOf } from "../../protocol/version.ts";
import type { Version } from "../../protocol/version.ts";

const east = 0;
const west = 1;
const north = 2;

const clusters: MemoryCluster[] = [];

/** Nobody resolves it. */
const { promise: never } = Promise.withResolvers<unknown>();

async function startCluster(nodes = 2): Promise<MemoryCluster> {
  const cluster = await MemoryCluster.start({ nodesOf: [nodes, nodes, nodes], partitions: 4 });
  clusters.push(cluster);
  for (const node of cluster.nodes.values()) registerWhy(node.driver, whyCluster(cluster, node));
  return cluster;
}

afterEach(async () => {
  for (const cluster of clusters.splice(0)) {
    await cluster.close();
    expect(cluster.fatal).toEqual([]);
  }
});

function whyCluster(cluster: MemoryCluster, node: MemoryNode): WhyCluster {
  return { datacenters: cluster.datacenters, links: () => cluster.links(node) };
}

function ask(cluster: MemoryCluster, node: MemoryNode, key: string): Promise<WhyReport> {
  return why(node.driver, whyCluster(cluster, node), key);
}

function dotOf({ datacenter, partition, seq }: Version): string {
  return formatDot(originOf(datacenter, partition), seq);
}

/** Puts at the owner of the key. */
function putAt(cluster: MemoryCluster, datacenter: number, key: string): Promise<Version> {
  const node = cluster.owner(datacenter, key);
  return put(node, node.driver.core.createSession(), key, "value");
}

async function untilVisible(cluster: MemoryCluster, datacenter: number, key: string, version: Version): Promise<void> {
  const { id, driver } = cluster.owner(datacenter, key);
  expect(id).toBe(cluster.owner(datacenter, key).id);
  const partition = driver.core.state.local(version.partition);
  await cluster.until(() => partition?.appliedOf(version.datacenter).has(version.seq) === true);
}

/** In one session of the datacenter: reads one key, then puts another, which depends on it. */
async function putAfterRead(cluster: MemoryCluster, datacenter: number, read: string, key: string): Promise<Version> {
  const node = cluster.owner(datacenter, key);
  const session = node.driver.core.createSession();
  await get(node, session, read);
  return put(node, session, key, "after");
}

/**
 * x is written in the east, where no link to the west's owner of x is left; y, which depends on it, in the north, and z,
 * which depends on y, too.
 */
async function chainWithoutItsFirst(cluster: MemoryCluster): Promise<{ x: Version; y: Version; z: Version }> {
  const { network } = cluster;
  network.cut(cluster.owner(east, keyX(cluster)).id, cluster.owner(west, keyX(cluster)).id);
  const eastOwner = cluster.owner(east, keyX(cluster));
  const westOwner = cluster.owner(west, keyX(cluster));
  await cluster.until(() => !westOwner.driver.core.state.linksUp.has(eastOwner.id));
  await cluster.until(() => !eastOwner.driver.core.state.linksUp.has(westOwner.id));
  const x = await putAt(cluster, east, keyX(cluster));
  await untilVisible(cluster, north, keyX(cluster), x);
  const y = await putAfterRead(cluster, north, keyX(cluster), keyY(cluster));
  const z = await putAfterRead(cluster, north, keyY(cluster), keyZ(cluster));
  const gate = cluster.owner(west, keyZ(cluster)).driver.core.gate;
  await cluster.until(() => gate.find(originOf(north, z.partition), z.seq) !== undefined);
  const gateY = cluster.owner(west, keyY(cluster)).driver.core.gate;
  await cluster.until(() => gateY.find(originOf(north, y.partition), y.seq) !== undefined);
  return { x, y, z };
}

function keyX(cluster: MemoryCluster): string {
  return cluster.keyIn(0, "x");
}
function keyY(cluster: MemoryCluster): string {
  return cluster.keyIn(1, "y");
}
function keyZ(cluster: MemoryCluster): string {
  return cluster.keyIn(2, "z");
}

describe("WHY", () => {
  it("answers for a key that nobody wrote, from any node", async () => {
    const cluster = await startCluster();
    for (const node of [cluster.node(east, 0), cluster.node(north, 1)]) {
      const report = await ask(cluster, node, "nothing");
      expect(report.datacenters.map(({ datacenter, reachable }) => [datacenter, reachable])).toEqual([
        ["east", true],
        ["west", true],
        ["north", true],
      ]);
      expect(report.datacenters.every(({ visible, waiting }) => visible === undefined && waiting.length === 0)).toBe(
        true,
      );
    }
  });

  it("shows the version that every datacenter shows, and nothing missing", async () => {
    const cluster = await startCluster();
    const version = await putAt(cluster, west, "k");
    for (const datacenter of [east, north]) await untilVisible(cluster, datacenter, "k", version);
    const report = await ask(cluster, cluster.node(east, 1), "k");
    for (const { visible, waiting, missing } of report.datacenters) {
      expect(visible).toMatchObject({ origin: "west", dot: dotOf(version), time: version.time, tombstone: false });
      expect(waiting).toEqual([]);
      expect(missing).toBeUndefined();
    }
  });

  it("names the dependency that a waiting write lacks, down to the origin that cannot be reached", async () => {
    const cluster = await startCluster();
    const { x, y, z } = await chainWithoutItsFirst(cluster);
    const report = await ask(cluster, cluster.node(north, 0), keyZ(cluster));
    const there = report.datacenters[west];
    expect(there).toMatchObject({ datacenter: "west", reachable: true });
    expect(there?.visible).toBeUndefined();
    expect(there?.missing).toBeUndefined();
    expect(there?.waiting).toHaveLength(1);
    expect(there?.waiting[0]).toMatchObject({ dot: dotOf(z), origin: "north", heldForClock: false, waitsForMore: 0 });
    const [onY] = there?.waiting[0]?.waitsFor ?? [];
    expect(onY).toMatchObject({ dot: dotOf(y), origin: "north", where: "waiting", prefix: false });
    const [onX] = onY?.waitsFor ?? [];
    expect(onX).toMatchObject({ dot: dotOf(x), origin: "east", where: "origin-unreachable" });
    expect(onX?.forMs).toBeGreaterThanOrEqual(0);
    expect(report.datacenters[north]?.visible?.dot).toBe(dotOf(z));
    const text = describeWhy(report).join("\n");
    expect(text).toContain(`waits for ${dotOf(x)} from east: not received, and east cannot be reached`);
  });

  it("lets go of what waited once the link is healed", async () => {
    const cluster = await startCluster();
    const { z } = await chainWithoutItsFirst(cluster);
    cluster.network.healEverywhere();
    await untilVisible(cluster, west, keyZ(cluster), z);
    const report = await ask(cluster, cluster.node(west, 0), keyZ(cluster));
    expect(report.datacenters.map(({ visible }) => visible?.dot)).toEqual([dotOf(z), dotOf(z), dotOf(z)]);
  });

  it("says that a write was not shipped where its origin has no link there", async () => {
    const cluster = await startCluster();
    const { x } = await chainWithoutItsFirst(cluster);
    const report = await ask(cluster, cluster.node(north, 1), keyX(cluster));
    expect(report.datacenters[west]?.missing).toMatchObject({
      dot: dotOf(x),
      origin: "east",
      where: "not-shipped",
    });
    expect(report.datacenters[west]?.missing?.detail).toContain("has no link to west-0 in west");
  });

  it("names a datacenter that cannot be reached, with since when", async () => {
    const cluster = await startCluster();
    const version = await putAt(cluster, east, "k");
    await untilVisible(cluster, north, "k", version);
    const westOwner = cluster.owner(west, "k");
    const eastOwner = cluster.owner(east, "k");
    for (const other of [eastOwner, cluster.owner(north, "k")]) {
      cluster.network.cut(other.id, westOwner.id);
      await cluster.until(() => !other.driver.core.state.linksUp.has(westOwner.id));
    }
    const report = await ask(cluster, cluster.node(east, 0), "k");
    const there = report.datacenters[west];
    expect(there).toMatchObject({ reachable: false, waiting: [] });
    expect(there?.unreachableSinceMs).toBeGreaterThan(0);
    expect(report.datacenters[north]?.visible?.dot).toBe(dotOf(version));
    expect(describeWhy(report).join("\n")).toContain("west: cannot be reached since 20");
  });

  it("asks a datacenter that has no link from here by way of another", async () => {
    const cluster = await startCluster();
    const { x, y } = await chainWithoutItsFirst(cluster);
    const westOwner = cluster.owner(west, keyY(cluster));
    const eastOwner = cluster.owner(east, keyY(cluster));
    cluster.network.cut(eastOwner.id, westOwner.id);
    await cluster.until(() => !eastOwner.driver.core.state.linksUp.has(westOwner.id));
    const report = await ask(cluster, cluster.node(east, 0), keyY(cluster));
    const there = report.datacenters[west];
    expect(there).toMatchObject({ reachable: true, via: "north" });
    expect(there?.unreachableSinceMs).toBeGreaterThan(0);
    expect(there?.waiting[0]).toMatchObject({
      dot: dotOf(y),
      waitsFor: [{ dot: dotOf(x), where: "origin-unreachable" }],
    });
    expect(describeWhy(report).join("\n")).toContain("asked by way of north; from here it cannot be reached since 20");
  });

  it("answers with what it has when a node is silent", async () => {
    const cluster = await startCluster();
    const silent = cluster.owner(north, "k");
    silent.driver.control.handle("why.key", () => never);
    const report = await ask(cluster, cluster.owner(east, "k"), "k");
    expect(report.datacenters[north]).toMatchObject({ reachable: false });
    expect(report.datacenters[north]?.detail).toContain("did not answer");
    expect(report.datacenters[west]).toMatchObject({ reachable: true });
  });

  it("says so when the owner of the key here does not answer", async () => {
    const cluster = await startCluster();
    const owner = cluster.owner(east, "k");
    const other = [cluster.node(east, 0), cluster.node(east, 1)].find(({ id }) => id !== owner.id) as MemoryNode;
    owner.driver.control.handle("why.gather", () => never);
    const report = await ask(cluster, other, "k");
    expect(report.datacenters.map(({ reachable }) => reachable)).toEqual([false, false, false]);
    expect(report.datacenters[west]?.detail).toContain("not asked");
  });

  it("follows the stages of a write at its origin", async () => {
    const cluster = await startCluster(1);
    const origin = cluster.node(east, 0);
    const destination = nodeIdOf(west, 0);
    const stageOf = async (seq: number): Promise<unknown> => {
      const args = { partition: 0, destination, seqs: [seq] };
      const [location] = (await origin.driver.control.call(origin.id, shippedRequest, args, 1_000)) as unknown[];
      return location;
    };
    expect(await stageOf(10 ** 12)).toMatchObject({ where: "unknown" });
    const first = await putAt(cluster, east, cluster.keyIn(0));
    await cluster.until(async () => ((await stageOf(first.seq)) as { where: string }).where === "applied");
    cluster.network.setFaults(origin.id, destination, { delayMsMin: 1_500, delayMsMax: 1_500 });
    const second = await putAt(cluster, east, cluster.keyIn(0));
    await cluster.until(async () => ((await stageOf(second.seq)) as { where: string }).where === "in-flight");
    await cluster.until(async () => ((await stageOf(second.seq)) as { where: string }).where === "applied");
  });

  it("refuses malformed questions from peers without harm", async () => {
    const cluster = await startCluster(1);
    const asker = cluster.node(east, 0);
    for (const request of ["why.gather", "why.key", "why.relay", "why.dots", "why.shipped"]) {
      const call = asker.driver.control.call(nodeIdOf(west, 0), request, { dots: [{ origin: -1 }] }, 2_000);
      await expect(call).rejects.toMatchObject({ name: "ControlError", code: "REMOTE" });
    }
  });
});
