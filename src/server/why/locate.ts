/*
 * WHY inside a datacenter: where the dots are that a waiting write lacks. A dot is looked for at the node that owns its
 * partition here; what was not received there, that node asks the origin about, being linked with it.
 *
 * What is received and itself waits is followed on: down to `depth` steps and a few dots wide, so that the answer ends at
 * what really holds everything up.
 */
import { askNode } from "./ask.ts";
import { datacenterName, downLink, msSince, nodeName } from "./cluster.ts";
import type { WhyNode } from "./cluster.ts";
import { dotsArgs, dotsRequest, shippedRequest } from "./messages.ts";
import type { SoughtDot } from "./messages.ts";
import { missingOf } from "./missing.ts";
import type { WhyDependency, WhyLocation, WhyTransaction } from "./report.ts";
import { transactionHere } from "./transaction.ts";
import { ControlError } from "../errors.ts";
import type { WaitingWrite } from "../../core/dependency-gate.ts";
import type { NodeId } from "../../core/placement.ts";
import type { Partition } from "../../core/partition.ts";
import { datacenterOf, formatDot, partitionOf } from "../../protocol/version.ts";

/** What the asker leaves for the answer to travel inside a datacenter. */
const hopMs = 30;
/** Dots that are followed at each step below the first. */
const followedMax = 4;

export async function answerDots(node: WhyNode, args: unknown): Promise<WhyLocation[]> {
  const { dots, depth, timeoutMs } = dotsArgs.parse(args);
  node.driver.beginTurn();
  return locate(node, dots, depth, timeoutMs);
}

/** One location for each dot, in order. Never rejects for want of an answer. */
async function locate(
  node: WhyNode,
  dots: readonly SoughtDot[],
  depth: number,
  timeoutMs: number,
): Promise<WhyLocation[]> {
  const { state, placement } = node.driver.core;
  const found: WhyLocation[] = dots.map(() => ({ where: "unknown" }));
  const groups = groupBy(dots, (dot) => placement.owner(state.datacenter, partitionOf(dot.origin)));
  await Promise.all(
    [...groups].map(async ([owner, members]) => {
      const sought = members.map((i) => dots[i] as SoughtDot);
      const locations =
        owner === state.self
          ? await locateHere(node, sought, depth, timeoutMs)
          : await ask(
              node,
              owner,
              dotsRequest,
              { dots: sought, depth, timeoutMs: timeoutMs - hopMs },
              sought,
              timeoutMs,
            );
      members.forEach((i, at) => (found[i] = locations[at] ?? { where: "unknown" }));
    }),
  );
  return found;
}

/** The dependencies of a write that waits here which do not hold, with where they are. */
export async function locateMissing(
  node: WhyNode,
  waiter: WaitingWrite,
  listedMax: number,
  depth: number,
  timeoutMs: number,
): Promise<{ readonly waitsFor: WhyDependency[]; readonly more: number }> {
  const missing = missingOf(node.driver.core, waiter);
  const listed = missing.slice(0, listedMax);
  const waitsFor = await locateDots(node, listed, msSince(waiter.since), depth, timeoutMs);
  return { waitsFor, more: missing.length - listed.length };
}

/** Where these dots are that something here has waited for since `waitingMs`, but for those that are here now. */
export async function locateDots(
  node: WhyNode,
  listed: readonly SoughtDot[],
  waitingMs: number,
  depth: number,
  timeoutMs: number,
): Promise<WhyDependency[]> {
  const locations = await locate(node, listed, depth, timeoutMs);
  return listed.flatMap(({ origin, seq, prefix }, i): WhyDependency[] => {
    const location = locations[i] ?? { where: "unknown" };
    // An owner that answered for single dots leaves the watermark known here where it was: those hold.
    if (location.where === "applied") return [];
    const from = datacenterName(node.cluster, datacenterOf(origin));
    return [{ dot: formatDot(origin, seq), origin: from, prefix, waitingMs, ...location }];
  });
}

/** Dots of this node's own partitions. */
async function locateHere(
  node: WhyNode,
  dots: readonly SoughtDot[],
  depth: number,
  timeoutMs: number,
): Promise<WhyLocation[]> {
  const { core } = node.driver;
  const found: WhyLocation[] = dots.map(() => ({ where: "unknown" }));
  const notHere: number[] = [];
  const waiting: Promise<void>[] = [];
  for (const [i, dot] of dots.entries()) {
    const partition = core.state.localOfOrigin(dot.origin);
    if (partition === undefined) continue;
    const seq = firstMissing(partition, dot);
    const waiter = core.gate.find(dot.origin, seq);
    const transaction = dot.prefix ? undefined : transactionHere(node, dot.origin, seq);
    if (core.answers.isApplied(dot.origin, dot.seq, dot.prefix)) found[i] = { where: "applied" };
    else if (waiter !== undefined) {
      const placed = locateWaiter(node, waiter, depth, timeoutMs);
      waiting.push(placed.then((location) => void (found[i] = withTransaction(location, transaction))));
    } else if (transaction !== undefined && transaction.here.includes(0)) {
      found[i] = { where: "waiting", transaction };
    } else if (partition.proposedOf(datacenterOf(dot.origin)).has(seq)) {
      found[i] = { where: "waiting", detail: "its dependencies hold; it is being synced to disk" };
    } else notHere.push(i);
  }
  const elsewhere = groupBy(notHere, (i) => (dots[i] as SoughtDot).origin);
  const asked = [...elsewhere].map(async ([origin, places]) => {
    const indexes = places.map((place) => notHere[place] as number);
    const sought = indexes.map((i) => dots[i] as SoughtDot);
    const locations = await askOrigin(node, origin, sought, timeoutMs);
    indexes.forEach((i, at) => {
      const { origin: from, seq } = dots[i] as SoughtDot;
      found[i] = withTransaction(locations[at] ?? { where: "unknown" }, transactionHere(node, from, seq));
    });
  });
  await Promise.all([...waiting, ...asked]);
  return found;
}

function withTransaction(location: WhyLocation, transaction: WhyTransaction | undefined): WhyLocation {
  return transaction === undefined ? location : { ...location, transaction };
}

async function locateWaiter(
  node: WhyNode,
  waiter: WaitingWrite,
  depth: number,
  timeoutMs: number,
): Promise<WhyLocation> {
  const forMs = msSince(waiter.since);
  const held = heldBy(node, waiter);
  const detail = held === undefined ? {} : { detail: held };
  if (depth === 0) return { where: "waiting", forMs, ...detail };
  const { waitsFor } = await locateMissing(node, waiter, followedMax, depth - 1, timeoutMs);
  return { where: "waiting", forMs, ...detail, ...(waitsFor.length === 0 ? {} : { waitsFor }) };
}

/** What holds a waiting write beside other writes. */
export function heldBy(node: WhyNode, waiter: WaitingWrite): string | undefined {
  const { core } = node.driver;
  if (core.gate.isAheadOfClock(waiter.write)) return "its time is too far ahead of the clock here";
  if (core.state.writesRefused !== undefined) return `this node takes in no writes: ${core.state.writesRefused}`;
  return undefined;
}

/** For a prefix, the first seq that is not in: what the rest waits for. */
function firstMissing(partition: Partition, dot: SoughtDot): number {
  if (!dot.prefix) return dot.seq;
  return Math.min(dot.seq, partition.appliedOf(datacenterOf(dot.origin)).watermark + 1);
}

/** Dots of one origin that were not received here. */
async function askOrigin(
  node: WhyNode,
  origin: number,
  dots: readonly SoughtDot[],
  timeoutMs: number,
): Promise<WhyLocation[]> {
  const { driver, cluster } = node;
  const { state, placement, receivers } = driver.core;
  const id = partitionOf(origin);
  const peer = placement.owner(datacenterOf(origin), id);
  const partition = state.local(id);
  if (partition === undefined) return [];
  if (peer === state.self) {
    return dots.map(() => ({ where: "unknown", detail: "this node never gave out that number" }));
  }
  const down = downLink(cluster, peer);
  if (down !== undefined) {
    const why = down.lastError === undefined ? {} : { detail: down.lastError };
    return dots.map(() => ({ where: "origin-unreachable", forMs: msSince(down.since), ...why }));
  }
  const seqs = dots.map((dot) => firstMissing(partition, dot));
  const args = { partition: id, destination: state.self, seqs };
  const locations = await ask(node, peer, shippedRequest, args, dots, timeoutMs);
  const dropped = receivers.get(peer)?.hasGap === true;
  return locations.map((location) => (dropped ? { ...location, detail: droppedHere } : location));
}

const droppedHere = "it was dropped here for lack of room, and will be sent again";

/** An answer for each dot, also where there is none. */
async function ask(
  node: WhyNode,
  peer: NodeId,
  request: string,
  args: object,
  dots: readonly SoughtDot[],
  timeoutMs: number,
): Promise<WhyLocation[]> {
  try {
    return (await askNode(node.driver, peer, request, args, timeoutMs)) as WhyLocation[];
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    const detail = `no answer from ${nodeName(node.cluster, peer)}: ${error.message}`;
    return dots.map(() => ({ where: error.code === "UNREACHABLE" ? "origin-unreachable" : "unknown", detail }));
  }
}

/** The places of the items in the list, by group. */
function groupBy<Item, Group>(items: readonly Item[], groupOf: (item: Item) => Group): Map<Group, number[]> {
  const groups = new Map<Group, number[]>();
  for (const [i, item] of items.entries()) {
    const group = groupOf(item);
    const members = groups.get(group);
    if (members === undefined) groups.set(group, [i]);
    else members.push(i);
  }
  return groups;
}
