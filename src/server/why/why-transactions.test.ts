import { afterEach, describe, expect, it } from "vitest";
import type { WhyCluster } from "./cluster.ts";
import { describeWhy } from "./describe.ts";
import type { WhyDatacenter } from "./report.ts";
import { registerWhy, why } from "./why.ts";
import { MemoryCluster, put } from "../testing/memory-cluster.ts";
import type { MemoryNode } from "../testing/memory-cluster.ts";
import { assign } from "../../core/testing/test-session.ts";
import { TransactionOutcome } from "../../core/testing/transaction-outcome.ts";
import type { ByteString } from "../../shared/bytes.ts";

const east = 0;
const west = 1;

const clusters: MemoryCluster[] = [];

async function startCluster(): Promise<MemoryCluster> {
  const cluster = await MemoryCluster.start({ nodesOf: [2, 2], partitions: 4 });
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

/** Partitions 0 and 2 are of node 0, 1 and 3 of node 1. */
function keys(cluster: MemoryCluster): [first: ByteString, second: ByteString] {
  return [cluster.keyIn(0, "a"), cluster.keyIn(1, "b")];
}

async function cut(cluster: MemoryCluster, a: MemoryNode, b: MemoryNode): Promise<void> {
  cluster.network.cut(a.id, b.id);
  await cluster.until(() => !a.driver.core.state.linksUp.has(b.id) && !b.driver.core.state.linksUp.has(a.id));
}

function begin(cluster: MemoryCluster, ...names: ByteString[]): TransactionOutcome {
  const { driver } = cluster.owner(east, names[0] as ByteString);
  const outcome = new TransactionOutcome();
  driver.beginTurn();
  driver.core.createSession().writeTransaction(
    names.map((key) => assign(key, "1")),
    undefined,
    outcome,
    0,
  );
  return outcome;
}

async function putAll(cluster: MemoryCluster, ...names: ByteString[]): Promise<string> {
  const outcome = begin(cluster, ...names);
  await cluster.until(() => outcome.done);
  return outcome.dot;
}

async function ask(cluster: MemoryCluster, key: ByteString): Promise<{ there: WhyDatacenter; text: string }> {
  const { driver } = cluster.node(east, 0);
  const report = await why(driver, whyCluster(cluster, cluster.node(east, 0)), key);
  return { there: report.datacenters[west] as WhyDatacenter, text: describeWhy(report).join("\n") };
}

describe("WHY of a transaction", () => {
  it("tells which parts are here and which are missing", async () => {
    const cluster = await startCluster();
    const [a, b] = keys(cluster);
    await cut(cluster, cluster.owner(east, b), cluster.owner(west, b));
    const dot = await putAll(cluster, a, b);
    const { gate } = cluster.owner(west, a).driver.core;
    await cluster.until(() => gate.waitingCount === 1);
    const { there, text } = await ask(cluster, a);
    expect(there.waiting).toMatchObject([
      {
        dot,
        part: { index: 0, count: 2 },
        waitsFor: [],
        transaction: { lacks: "parts", parts: 2, here: [0], missing: [{ index: 1, partition: 1, node: "west-1" }] },
      },
    ]);
    expect(text).toContain("part 0 of a transaction of 2, received");
    expect(text).toContain("of the transaction's 2 parts 0 is here; missing: part 1 of partition 1 (for west-1)");
  });

  it("tells the same where a part was dropped for lack of room, and its key shows nothing of it", async () => {
    const cluster = await startCluster();
    const [a, b] = keys(cluster);
    cluster.owner(west, b).driver.core.gate.admit = () => false;
    const dot = await putAll(cluster, a, b);
    const { gate } = cluster.owner(west, a).driver.core;
    await cluster.until(() => gate.waitingCount === 1);
    const { there, text } = await ask(cluster, b);
    expect(there.missing).toMatchObject({ dot, where: "waiting", transaction: { lacks: "parts", here: [0] } });
    expect(text).toContain("missing: part 1 of partition 1 (for west-1)");
  });

  it("says of a part that its first one has not come, and where that is", async () => {
    const cluster = await startCluster();
    const [a, b] = keys(cluster);
    await cut(cluster, cluster.owner(east, a), cluster.owner(west, a));
    const dot = await putAll(cluster, a, b);
    const { core } = cluster.owner(west, a).driver;
    await cluster.until(() => core.coordinator.table.size === 1);
    const { there, text } = await ask(cluster, b);
    const transaction = { lacks: "parts", here: [1], missing: [{ index: 0, partition: 0, node: "west-0" }] };
    expect(there.waiting).toMatchObject([
      {
        dot,
        part: { index: 1, count: 2 },
        waitsFor: [{ dot, where: "origin-unreachable", transaction }],
      },
    ]);
    expect(text).toContain(`waits for ${dot} from east: not received, and east cannot be reached`);
    expect(text).toContain("of the transaction's unknown number of parts 1 is here; missing: part 0 of partition 0");
  });

  it("names what the transaction depends on, for every part", async () => {
    const cluster = await startCluster();
    const [a] = keys(cluster);
    const cause = cluster.keyIn(3, "cause");
    await cut(cluster, cluster.owner(east, cause), cluster.owner(west, cause));
    const { driver } = cluster.owner(east, cause);
    const session = driver.core.createSession();
    await put(cluster.owner(east, cause), session, cause, "1");
    const outcome = new TransactionOutcome();
    driver.beginTurn();
    const c = cluster.keyIn(2, "c");
    session.writeTransaction([assign(a, "1"), assign(c, "2")], undefined, outcome, 0);
    await cluster.until(() => outcome.done);
    await cluster.until(() => cluster.owner(west, a).driver.core.gate.waitingCount === 2);
    const { there, text } = await ask(cluster, c);
    expect(there.waiting[0]?.waitsFor).toMatchObject([
      { dot: outcome.dot, where: "waiting", transaction: { lacks: "dependencies" }, waitsFor: [{ dot: "0/3/1" }] },
    ]);
    expect(text).toContain("the transaction waits for what it depends on");
    expect(text).toContain("waits for 0/3/1 from east: not received, and east cannot be reached");
  });

  it("names the node that has not voted, at home and elsewhere", async () => {
    const cluster = await startCluster();
    const [a, b] = keys(cluster);
    cluster.network.setFaults(cluster.owner(west, b).id, cluster.owner(west, a).id, {
      delayMsMin: 700,
      delayMsMax: 700,
    });
    await putAll(cluster, a, b);
    const { core } = cluster.owner(west, a).driver;
    const stage = (): string | undefined => [...core.coordinator.table.values()][0]?.state;
    await cluster.until(() => stage() === "preparing");
    const { text } = await ask(cluster, a);
    expect(text).toContain("all parts of the transaction are here; not prepared yet at west-1");
    await cluster.until(() => stage() === undefined && core.cohort.table.size === 0);
    cluster.network.setFaults(cluster.owner(east, b).id, cluster.owner(east, a).id, {
      delayMsMin: 700,
      delayMsMax: 700,
    });
    const outcome = begin(cluster, a, b);
    await cluster.until(() => cluster.owner(east, b).driver.core.cohort.table.size === 1);
    const { driver } = cluster.owner(east, b);
    const report = await why(driver, whyCluster(cluster, cluster.owner(east, b)), b);
    expect(report.datacenters[east]?.undecided).toMatchObject([
      { coordinator: "east-0", detail: "it waits for the decision of east-0" },
    ]);
    await cluster.until(() => outcome.done);
  });
});
