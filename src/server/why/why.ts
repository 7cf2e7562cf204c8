/*
 * WHY: for one key, what each datacenter shows, what waits there and for what (report.ts). Any node answers, within a
 * second, with what it has by then.
 *
 * The owner of the key in the asker's datacenter is linked with its owners elsewhere and asks them all at once; then it asks
 * the origin of the newest write found how far that has come to those datacenters which neither show it nor hold it.
 */
import { askNode } from "./ask.ts";
import { datacenterName, downLink, nodeName } from "./cluster.ts";
import type { WhyCluster, WhyNode } from "./cluster.ts";
import { answerKey } from "./key.ts";
import { answerDots } from "./locate.ts";
import {
  dotsRequest,
  keyArgs,
  gatherRequest,
  keyRequest,
  relayArgs,
  relayRequest,
  shippedRequest,
} from "./messages.ts";
import type { WhyDatacenter, WhyLocation, WhyReport, WhyVersion } from "./report.ts";
import { answerShipped } from "./shipped.ts";
import { base64OfKey, keyOfBase64 } from "../control-channel.ts";
import { ControlError } from "../errors.ts";
import type { NodeDriver } from "../node-driver.ts";
import { datacenterOfNode } from "../../core/placement.ts";
import type { NodeId } from "../../core/placement.ts";
import { compareNames, originOf } from "../../protocol/version.ts";
import type { VersionName } from "../../protocol/version.ts";
import type { ByteString } from "../../shared/bytes.ts";

const totalMs = 800;
/** What the owner of the key may take; the rest is for the way there and back. */
const gatherMs = 760;
/** What a datacenter may take to answer; the rest is for the second question. */
const datacenterMs = 590;
/** What a datacenter may spend on asking around; the rest is for the way there and back. */
const aroundMs = 340;

/** The same by way of another datacenter: one more way there and back is in it. */
const relayMs = 450;
const aroundByRelayMs = 250;

/** Lets this node answer the questions of others. Once, before it joins the cluster. */
export function registerWhy(driver: NodeDriver, cluster: WhyCluster): void {
  const node: WhyNode = { driver, cluster };
  driver.control.handle(gatherRequest, (args) => gather(node, args));
  driver.control.handle(keyRequest, (args) => answerKey(node, args));
  driver.control.handle(relayRequest, (args) => relay(node, args));
  driver.control.handle(dotsRequest, (args) => answerDots(node, args));
  driver.control.handle(shippedRequest, (args) => answerShipped(node, args));
}

/** Why a write of this key is not visible somewhere; never rejects for want of an answer. */
export async function why(driver: NodeDriver, cluster: WhyCluster, key: ByteString): Promise<WhyReport> {
  const startedMs = performance.now();
  const { state, placement } = driver.core;
  const partition = placement.partitionOfHash(placement.hash(key));
  const owner = placement.owner(state.datacenter, partition);
  const node: WhyNode = { driver, cluster };
  const args = { key: base64OfKey(key), timeoutMs: gatherMs };
  let datacenters: readonly WhyDatacenter[];
  try {
    datacenters = (await askNode(driver, owner, gatherRequest, args, totalMs)) as WhyDatacenter[];
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    datacenters = withoutOwner(node, partition, owner, error);
  }
  return { key, partition, datacenters, tookMs: Math.round(performance.now() - startedMs) };
}

/** The owner of the key here says nothing: nobody else is linked with its owners elsewhere. */
function withoutOwner(node: WhyNode, partition: number, owner: NodeId, error: ControlError): WhyDatacenter[] {
  const { placement } = node.driver.core;
  const name = nodeName(node.cluster, owner);
  return Array.from({ length: placement.datacenters }, (_, datacenter) => {
    const there = placement.owner(datacenter, partition);
    if (there === owner) return noAnswer(node, owner, error);
    const detail = `not asked: that goes through ${name}, which did not answer`;
    return { ...noAnswer(node, there, error), detail };
  });
}

function noAnswer(node: WhyNode, peer: NodeId, error: ControlError): WhyDatacenter {
  const down = downLink(node.cluster, peer);
  return {
    datacenter: datacenterName(node.cluster, datacenterOfNode(peer)),
    node: nodeName(node.cluster, peer),
    reachable: false,
    ...(down === undefined ? {} : { unreachableSinceMs: Math.round(down.since) }),
    detail: down?.lastError ?? error.message,
    waiting: [],
    waitingMore: 0,
  };
}

/** At the owner of the key: asks its owner in every datacenter. */
async function gather(node: WhyNode, args: unknown): Promise<WhyDatacenter[]> {
  const { key: encoded, timeoutMs } = keyArgs.parse(args);
  const deadlineMs = performance.now() + timeoutMs;
  const { driver } = node;
  const { placement } = driver.core;
  const partition = placement.partitionOfHash(placement.hash(keyOfBase64(encoded)));
  const owners = Array.from({ length: placement.datacenters }, (_, d) => placement.owner(d, partition));
  const waitMs = Math.min(datacenterMs, timeoutMs);
  const answers = await Promise.all(owners.map((owner) => askOwner(node, owners, owner, encoded, waitMs)));
  return withMissing(node, partition, owners, answers, deadlineMs - performance.now());
}

/** What one datacenter has to say; by way of another where there is no link. */
async function askOwner(
  node: WhyNode,
  owners: readonly NodeId[],
  owner: NodeId,
  key: string,
  timeoutMs: number,
): Promise<WhyDatacenter> {
  const args = { key, timeoutMs: aroundMs };
  try {
    return (await askNode(node.driver, owner, keyRequest, args, timeoutMs)) as WhyDatacenter;
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    const silence = noAnswer(node, owner, error);
    const { linksUp } = node.driver.core.state;
    const via = owners.find((other) => other !== owner && linksUp.has(other));
    if (error.code !== "UNREACHABLE" || via === undefined) return silence;
    const answer = await askBy(node, via, owner, key, timeoutMs);
    if (answer === undefined) return silence;
    const { unreachableSinceMs: since, detail } = silence;
    const unreachable = {
      ...(since === undefined ? {} : { unreachableSinceMs: since }),
      ...(detail === undefined ? {} : { detail }),
    };
    return { ...answer, ...unreachable, via: datacenterName(node.cluster, datacenterOfNode(via)) };
  }
}

async function askBy(
  node: WhyNode,
  via: NodeId,
  destination: NodeId,
  key: string,
  timeoutMs: number,
): Promise<WhyDatacenter | undefined> {
  try {
    const args = { key, destination, timeoutMs: relayMs };
    return (await askNode(node.driver, via, relayRequest, args, timeoutMs)) as WhyDatacenter;
  } catch (error) {
    if (error instanceof ControlError) return undefined;
    throw error;
  }
}

/** At the owner of the key in a datacenter that may have the link which the asker has not. */
function relay({ driver }: WhyNode, args: unknown): Promise<unknown> {
  const { key, destination, timeoutMs } = relayArgs.parse(args);
  return askNode(driver, destination, keyRequest, { key, timeoutMs: aroundByRelayMs }, timeoutMs);
}

/** Where the newest write neither shows nor waits, says how far it has come. */
async function withMissing(
  node: WhyNode,
  partition: number,
  owners: readonly NodeId[],
  answers: readonly WhyDatacenter[],
  timeoutMs: number,
): Promise<WhyDatacenter[]> {
  const newest = newestOf(answers);
  return Promise.all(
    answers.map(async (answer, i) => {
      if (newest === undefined || !lacks(answer, newest)) return answer;
      const owner = owners[i] as NodeId;
      // That of a part of a transaction is the dot of the whole, which is another partition's: its owner there is asked.
      const isPart = numbersOf(newest.dot)[1] !== partition;
      const location = await (isPart
        ? askThere(node, owner, newest, timeoutMs)
        : askOrigin(node, owners, owner, newest, timeoutMs));
      return { ...answer, missing: { ...newest, ...location } };
    }),
  );
}

/** Where a dot is, asked in the datacenter that lacks it. */
async function askThere(node: WhyNode, owner: NodeId, { dot }: WhyVersion, timeoutMs: number): Promise<WhyLocation> {
  const [datacenter, partition, seq] = numbersOf(dot);
  const dots = [{ origin: originOf(datacenter, partition), seq, prefix: false }];
  const args = { dots, depth: 1, timeoutMs: Math.max(0, timeoutMs / 2) };
  try {
    const answer = await askNode(node.driver, owner, dotsRequest, args, timeoutMs);
    return (answer as WhyLocation[])[0] ?? { where: "unknown" };
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    return { where: "unknown", detail: `no answer from ${nodeName(node.cluster, owner)}: ${error.message}` };
  }
}

async function askOrigin(
  node: WhyNode,
  owners: readonly NodeId[],
  destination: NodeId,
  { dot }: WhyVersion,
  timeoutMs: number,
): Promise<WhyLocation> {
  const [datacenter, partition, seq] = numbersOf(dot);
  const origin = owners[datacenter] as NodeId;
  try {
    const args = { partition, destination, seqs: [seq] };
    const answer = await askNode(node.driver, origin, shippedRequest, args, timeoutMs);
    return (answer as WhyLocation[])[0] ?? { where: "unknown" };
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    return { where: "unknown", detail: `its origin did not say: ${error.message}` };
  }
}

function newestOf(answers: readonly WhyDatacenter[]): WhyVersion | undefined {
  let newest: WhyVersion | undefined;
  for (const { visible, waiting } of answers) {
    for (const version of visible === undefined ? waiting : [visible, ...waiting]) {
      if (newest === undefined || compare(version, newest) > 0) newest = version;
    }
  }
  if (newest === undefined) return undefined;
  const { origin, dot, time, tombstone, ageMs } = newest;
  return { origin, dot, time, tombstone, ageMs };
}

function lacks(answer: WhyDatacenter, newest: WhyVersion): boolean {
  const { reachable, visible, waiting } = answer;
  return reachable && visible?.dot !== newest.dot && !waiting.some(({ dot }) => dot === newest.dot);
}

/** The order of last-writer-wins. */
function compare(a: WhyVersion, b: WhyVersion): number {
  return compareNames(nameOf(a), nameOf(b));
}

function nameOf({ dot, time }: WhyVersion): VersionName {
  const [datacenter, partition] = numbersOf(dot);
  return { time, datacenter, partition };
}

function numbersOf(dot: string): [datacenter: number, partition: number, seq: number] {
  const [datacenter, partition, seq] = dot.split("/").map(Number);
  return [datacenter ?? 0, partition ?? 0, seq ?? 0];
}
