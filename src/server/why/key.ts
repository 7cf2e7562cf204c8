/*
 * WHY at one owner of the key: what readers see here, and the writes of the key that were received and wait.
 */
import { datacenterName, msSince, nodeName } from "./cluster.ts";
import type { WhyNode } from "./cluster.ts";
import { heldBy, locateMissing } from "./locate.ts";
import { keyArgs } from "./messages.ts";
import type { WhyDatacenter, WhyVersion, WhyWaitingWrite } from "./report.ts";
import { keyOfBase64 } from "../control-channel.ts";
import type { WaitingWrite } from "../../core/dependency-gate.ts";
import type { KeyRecord } from "../../core/key-record.ts";
import type { NodeState } from "../../core/node-state.ts";
import { invariant } from "../../shared/assert.ts";
import { unixMsOfHybridTime } from "../../protocol/hybrid-time.ts";
import { compareVersions, effectDelete, formatDot, originOf } from "../../protocol/version.ts";
import type { EffectKind, Version } from "../../protocol/version.ts";

const waitingListedMax = 16;
const dependenciesListedMax = 32;
/** Steps from one waiting write to the next that are followed. */
const depthMax = 4;

export async function answerKey(node: WhyNode, args: unknown): Promise<WhyDatacenter> {
  const { key: encoded, timeoutMs } = keyArgs.parse(args);
  const key = keyOfBase64(encoded);
  const { driver, cluster } = node;
  driver.beginTurn();
  const { core } = driver;
  const { state, placement } = core;
  const partition = state.local(placement.partitionOfHash(placement.hash(key)));
  invariant(partition !== undefined, "WHY asks the owner of the key");
  const waiters = [...core.gate.all()].filter((waiter) => waiter.record.key === key).toSorted(byVersion);
  const listed = waiters.slice(0, waitingListedMax);
  const [visible, waiting] = await Promise.all([
    loaded(state, state.record(partition, key)),
    Promise.all(listed.map((waiter) => waitingWrite(node, waiter, timeoutMs))),
  ]);
  return {
    datacenter: datacenterName(cluster, state.datacenter),
    node: nodeName(cluster, state.self),
    reachable: true,
    ...(visible === undefined ? {} : { visible: versionOf(node, visible) }),
    waiting,
    waitingMore: waiters.length - listed.length,
    ...(state.writesRefused === undefined ? {} : { refusingWrites: state.writesRefused }),
  };
}

async function loaded(state: NodeState, record: KeyRecord): Promise<Version | undefined> {
  if (!record.loaded) {
    await new Promise<void>((resolve) => {
      state.load(record, { recordLoaded: () => resolve() });
    });
  }
  return record.current;
}

async function waitingWrite(node: WhyNode, waiter: WaitingWrite, timeoutMs: number): Promise<WhyWaitingWrite> {
  const { waitsFor, more } = await locateMissing(node, waiter, dependenciesListedMax, depthMax, timeoutMs);
  const held = heldBy(node, waiter);
  return {
    ...versionOf(node, waiter.write),
    receivedMsAgo: msSince(waiter.since),
    heldForClock: node.driver.core.gate.isAheadOfClock(waiter.write),
    waitsFor,
    waitsForMore: more,
    ...(held === undefined ? {} : { detail: held }),
  };
}

interface WrittenVersion {
  readonly effect: EffectKind;
  readonly time: number;
  readonly datacenter: number;
  readonly partition: number;
  readonly seq: number;
}

function versionOf(node: WhyNode, { effect, time, datacenter, partition, seq }: WrittenVersion): WhyVersion {
  return {
    origin: datacenterName(node.cluster, datacenter),
    dot: formatDot(originOf(datacenter, partition), seq),
    time,
    tombstone: effect === effectDelete,
    ageMs: msSince(unixMsOfHybridTime(time)),
  };
}

/** Newest first: what would win. */
function byVersion(a: WaitingWrite, b: WaitingWrite): number {
  return compareVersions(b.write, a.write);
}
