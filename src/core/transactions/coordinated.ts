/*
 * One write transaction that this node coordinates (design, 3.6): who has to vote, who has, what was decided.
 *
 *   preparing ──every vote──▶ deciding ──durable──▶ decided ──every commit──▶ over: its dot is applied
 *       └──a no, a time-out, a link lost: at home only──▶ aborted
 *
 * Elsewhere than at home it begins as `collecting`: until every part has arrived at its node.
 */
import type { KeyRecord } from "../key-record.ts";
import type { Partition } from "../partition.ts";
import type { NodeId } from "../placement.ts";
import type { PreparedWrite } from "../prepared-write.ts";
import type { Dependencies } from "../../protocol/dependencies.ts";
import type { HybridTime } from "../../protocol/hybrid-time.ts";
import type { WriteRequest } from "../../protocol/messages/forward.ts";
import type { TransactionId } from "../../protocol/messages/transaction.ts";
import type { Version } from "../../protocol/version.ts";
import type { RequestId, Write } from "../../protocol/write.ts";

/** A node whose parts are not this one's. */
export interface CohortNode {
  readonly indexes: number[];
  /** Its clock when it voted yes; undefined before. */
  votedClock: HybridTime | undefined;
  committed: boolean;
}

/** A part at the coordinating node itself. */
export interface OwnPart {
  readonly index: number;
  readonly partition: Partition;
  readonly record: KeyRecord;
  readonly write: Write;
  /** Keeps others from what was judged; at home only. */
  readonly hold: PreparedWrite | undefined;
}

/** What a client asked for. */
export interface Order {
  readonly writes: readonly WriteRequest[];
  readonly dependencies: Dependencies;
  readonly floor: HybridTime;
  readonly request: RequestId | undefined;
}

export interface OutcomeListener {
  /** `clock`: that of who found a condition to fail. What it found nothing of has ended by then. */
  done(
    version: Version | undefined,
    olds: readonly (Version | undefined)[],
    repeated: boolean,
    clock: HybridTime,
  ): void;
  failed(code: string): void;
}

export type CoordinatedState = "collecting" | "preparing" | "deciding" | "decided" | "over";

export class Coordinated {
  readonly id: TransactionId;
  readonly name: string;
  state: CoordinatedState;
  readonly cohorts: Map<NodeId, CohortNode> = new Map();
  own: OwnPart[] = [];
  /** The clock of the cohort that voted no. */
  refusedClock: HybridTime = 0;
  /** How many parts there are; 0 while part 0 is not here. */
  count = 0;
  visible: HybridTime = 0;
  /** Of its dot. */
  seq = 0;
  version: Version | undefined;
  /** At home: what was asked for, and who waits for the outcome. */
  order: Order | undefined;
  readonly listeners: OutcomeListener[] = [];
  readonly olds: (Version | undefined)[] = [];
  attempt = 1;
  private pinned: KeyRecord[] = [];
  /** When it is given up, before the decision; when the client is told that the outcome is not known, after it. */
  deadlineMs = Number.POSITIVE_INFINITY;
  retryAtMs = 0;
  /** Since when it is under way here. */
  readonly sinceMs: number;

  constructor(id: TransactionId, name: string, state: CoordinatedState, sinceMs: number) {
    this.id = id;
    this.name = name;
    this.state = state;
    this.sinceMs = sinceMs;
  }

  cohort(node: NodeId): CohortNode {
    let cohort = this.cohorts.get(node);
    if (cohort === undefined) {
      this.cohorts.set(node, (cohort = { indexes: [], votedClock: undefined, committed: false }));
    }
    return cohort;
  }

  /** Parts that are known to be at their nodes. */
  get reported(): number {
    let reported = this.own.length;
    for (const { indexes } of this.cohorts.values()) reported += indexes.length;
    return reported;
  }

  get hasEveryVote(): boolean {
    for (const { votedClock } of this.cohorts.values()) if (votedClock === undefined) return false;
    return true;
  }

  get isCommittedEverywhere(): boolean {
    for (const { committed } of this.cohorts.values()) if (!committed) return false;
    return true;
  }

  /** Of the values that its author is told of. */
  get oldBytes(): number {
    let bytes = 0;
    for (const old of this.olds) bytes += old === undefined ? 0 : old.value.length;
    return bytes;
  }

  /** The greatest clock of any vote. */
  get votedClock(): HybridTime {
    let clock = 0;
    for (const { votedClock } of this.cohorts.values()) clock = Math.max(clock, votedClock ?? 0);
    return clock;
  }

  /** From now on records of own parts stay in memory; until `releaseOwn`. */
  pinOwn(): void {
    this.pinned = this.own.map(({ record }) => record);
    for (const record of this.pinned) record.pins++;
  }

  releaseOwn(): void {
    for (const { hold } of this.own) hold?.detach();
    for (const record of this.pinned) record.pins--;
    this.pinned = [];
  }

  tell(tell: (listener: OutcomeListener) => void): void {
    for (const listener of this.listeners.splice(0)) tell(listener);
  }
}
