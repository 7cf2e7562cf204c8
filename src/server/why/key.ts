/*
 * WHY at one owner of the key: what readers see here, and the writes of the key that were received and wait.
 */
import { datacenterName, msSince, nodeName } from "./cluster.ts";
import type { WhyNode } from "./cluster.ts";
import { heldBy, locateDots, locateMissing } from "./locate.ts";
import { keyArgs } from "./messages.ts";
import { wholeOf } from "./missing.ts";
import type { WhyDatacenter, WhyVersion, WhyWaitingWrite } from "./report.ts";
import { transactionHere, undecidedOn } from "./transaction.ts";
import { keyOfBase64 } from "../control-channel.ts";
import type { WaitingWrite } from "../../core/dependency-gate.ts";
import type { KeyRecord } from "../../core/key-record.ts";
import type { NodeState } from "../../core/node-state.ts";
import { invariant } from "../../shared/assert.ts";
import { unixMsOfHybridTime } from "../../protocol/hybrid-time.ts";
import { compareVersions, effectDelete, formatDot, originOf } from "../../protocol/version.ts";
import type { EffectKind, Version } from "../../protocol/version.ts";
import type { Write } from "../../protocol/write.ts";

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
  const record = state.record(partition, key);
  const undecided = undecidedOn(node, record);
  const [visible, waiting, prepared] = await Promise.all([
    loaded(state, record),
    Promise.all(listed.map((waiter) => waitingWrite(node, waiter, timeoutMs))),
    Promise.all(preparedParts(node, record).map((part) => preparedPart(node, part, timeoutMs))),
  ]);
  return {
    datacenter: datacenterName(cluster, state.datacenter),
    node: nodeName(cluster, state.self),
    reachable: true,
    ...(visible === undefined ? {} : { visible: versionOf(node, visible) }),
    waiting: [...waiting, ...prepared].toSorted((a, b) => b.time - a.time),
    waitingMore: waiters.length - listed.length,
    ...(undecided.length === 0 ? {} : { undecided }),
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
    ...writeOf(node, waiter.write),
    receivedMsAgo: msSince(waiter.since),
    heldForClock: node.driver.core.gate.isAheadOfClock(waiter.write),
    waitsFor,
    waitsForMore: more,
    ...(held === undefined ? {} : { detail: held }),
  };
}

/** Parts of other datacenters' transactions that are prepared here: they have left the gate, and are not visible. */
function preparedParts({ driver }: WhyNode, { prepared = [] }: KeyRecord): CohortPart[] {
  const { state, cohort } = driver.core;
  return prepared.flatMap(({ transaction: name, write }) => {
    const transaction = cohort.table.get(name);
    if (write.datacenter === state.datacenter || transaction === undefined) return [];
    return [{ write, forMs: Math.max(0, Math.round(state.timerMs - transaction.sinceMs)) }];
  });
}

interface CohortPart {
  readonly write: Write;
  readonly forMs: number;
}

async function preparedPart(node: WhyNode, { write, forMs }: CohortPart, timeoutMs: number): Promise<WhyWaitingWrite> {
  const waitsFor = await locateDots(node, wholeOf(write), forMs, depthMax, timeoutMs);
  return { ...writeOf(node, write), receivedMsAgo: forMs, heldForClock: false, waitsFor, waitsForMore: 0 };
}

/** A part goes by the dot of its transaction, as readers know it. */
function writeOf(node: WhyNode, write: Write): WhyVersion & Pick<WhyWaitingWrite, "part" | "transaction"> {
  const { part, datacenter } = write;
  if (part === undefined) return versionOf(node, write);
  const { coordinator: partition, seq, index, count } = part;
  const transaction = transactionHere(node, originOf(datacenter, partition), seq);
  return {
    ...versionOf(node, { ...write, partition, seq }),
    part: { index, count },
    ...(transaction === undefined ? {} : { transaction }),
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
