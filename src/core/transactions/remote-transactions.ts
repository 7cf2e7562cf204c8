/*
 * Write transactions of other datacenters (design, 3.6): parts come by the streams of their partitions, each when it likes, and
 * become visible here together, after what the transaction depends on.
 *
 *   part ready (dependency-gate.ts) ──▶ kept; the coordinator's equivalent here is told, again and again until it asks
 *   part 0 ready: what the transaction depends on holds ──▶ once every part is reported: prepares (coordinator.ts)
 *   prepare asked for ──▶ this node's parts are prepared and voted for (cohort.ts)
 *
 * Nothing is ever aborted here: its home has committed it. What a node only received is memory; after a crash it comes again.
 * After a crash the coordinator learns from repeated votes and reports what is where.
 *
 * Keeps invariants 1, 2 and 9.
 */
import type { Cohort } from "./cohort.ts";
import type { Coordinated } from "./coordinated.ts";
import type { Coordinator } from "./coordinator.ts";
import type { DependencyGate, WaitingWrite } from "../dependency-gate.ts";
import { isHeld, PreparedWrite } from "../prepared-write.ts";
import type { NodeState } from "../node-state.ts";
import type { NodeId } from "../placement.ts";
import { transactionRetryMs } from "../../shared/limits.ts";
import { DecodeError } from "../../protocol/byte-reader.ts";
import { encodePartsHere, transactionName } from "../../protocol/messages/transaction.ts";
import type { PartsHere, Prepare, Question, TransactionId } from "../../protocol/messages/transaction.ts";
import type { Write } from "../../protocol/write.ts";

/** The parts of one transaction that wait at this node. */
export interface Arrived {
  readonly id: TransactionId;
  /** Which node coordinates it here. */
  readonly coordinator: NodeId;
  readonly parts: Map<number, WaitingWrite>;
  retryAtMs: number;
}

export class RemoteTransactions {
  private readonly arrived = new Map<string, Arrived>();
  private readonly state: NodeState;
  private readonly gate: DependencyGate;
  private readonly coordinator: Coordinator;
  private readonly cohort: Cohort;

  constructor(state: NodeState, gate: DependencyGate, coordinator: Coordinator, cohort: Cohort) {
    this.state = state;
    this.gate = gate;
    this.coordinator = coordinator;
    this.cohort = cohort;
    gate.onPartReady = (waiter) => this.partReady(waiter);
    gate.onPartDropped = (waiter) => this.forget(waiter);
    gate.isPrepared = (write) => this.isPrepared(write);
    coordinator.onOwnProposed = (transaction, { index }) => this.ownProposed(transaction, index);
  }

  /** Transactions of which parts wait here. */
  get count(): number {
    return this.arrived.size;
  }

  all(): IterableIterator<Arrived> {
    return this.arrived.values();
  }

  onPartsHere(peer: NodeId, { transaction, indexes }: PartsHere): void {
    const coordinated = this.coordinatedOf(transaction);
    if (coordinated === undefined) return;
    report(coordinated, peer, indexes);
    this.startIfComplete(coordinated);
  }

  /** A prepared cohort asks: its vote, in case it was forgotten. */
  onQuestion(peer: NodeId, { transaction, indexes, clock }: Question): void {
    const coordinated = this.coordinatedOf(transaction);
    if (coordinated === undefined || (coordinated.state !== "collecting" && coordinated.state !== "preparing")) return;
    report(coordinated, peer, indexes);
    this.coordinator.voted(coordinated, coordinated.cohort(peer), clock);
    this.startIfComplete(coordinated);
  }

  /** The coordinator has found every part at its node. */
  onPrepare(peer: NodeId, { transaction: id, indexes }: Prepare): void {
    const name = transactionName(id);
    if (this.cohort.table.has(name)) {
      this.cohort.ask(name, 0);
      return;
    }
    const arrived = this.arrived.get(name);
    // Lost in a crash, or already committed: the one comes again, of the other the coordinator will hear.
    if (arrived === undefined || !this.gate.mayPrepare || this.cohort.isFull) return;
    if (!indexes.every((index) => arrived.parts.has(index))) return;
    const parts = [...arrived.parts.values()];
    if (parts.some(({ record }) => isHeld(record))) return;
    this.arrived.delete(name);
    this.cohort.prepareArrived(id, peer, parts);
    for (const part of parts) this.gate.partTaken(part);
  }

  tick(): void {
    const { timerMs } = this.state;
    for (const arrived of this.arrived.values()) if (timerMs >= arrived.retryAtMs) this.tellArrived(arrived);
    // What part 0 was waiting for may have been the disk.
    for (const transaction of this.coordinator.table.values()) {
      if (transaction.state === "collecting") this.startIfComplete(transaction);
    }
  }

  private partReady(waiter: WaitingWrite): void {
    const id = idOf(waiter.write);
    const name = transactionName(id);
    const coordinator = this.state.placement.owner(this.state.datacenter, id.partition);
    let arrived = this.arrived.get(name);
    if (arrived === undefined) {
      arrived = { id, coordinator, parts: new Map<number, WaitingWrite>(), retryAtMs: 0 };
      this.arrived.set(name, arrived);
    }
    arrived.parts.set(waiter.write.part?.index ?? 0, waiter);
    this.tellArrived(arrived);
  }

  private tellArrived(arrived: Arrived): void {
    const { id, coordinator, parts } = arrived;
    arrived.retryAtMs = this.state.timerMs + transactionRetryMs;
    const indexes = [...parts.keys()];
    if (coordinator === this.state.self) this.ownArrived(arrived);
    else if (this.state.linksUp.has(coordinator)) {
      encodePartsHere(this.state.outboxes.to(coordinator), { transaction: id, indexes });
    }
  }

  private ownArrived({ id, parts }: Arrived): void {
    const coordinated = this.coordinatedOf(id);
    if (coordinated?.state !== "collecting") return;
    coordinated.own = [...parts].map(([index, { partition, record, write }]) => ({
      index,
      partition,
      record,
      write,
      hold: undefined,
    }));
    coordinated.count = parts.get(0)?.write.part?.count ?? 0;
    this.startIfComplete(coordinated);
  }

  /** What is known here of a transaction that this node coordinates; undefined where it is over. */
  private coordinatedOf(id: TransactionId): Coordinated | undefined {
    const partition = this.state.local(id.partition);
    if (partition === undefined || id.datacenter === this.state.datacenter) return undefined;
    if (id.datacenter >= this.state.placement.datacenters) throw new DecodeError(`no datacenter ${id.datacenter}`);
    if (partition.proposedOf(id.datacenter).has(id.number)) return undefined;
    return this.coordinator.table.get(transactionName(id)) ?? this.coordinator.add(id, "collecting");
  }

  private startIfComplete(transaction: Coordinated): void {
    if (transaction.state !== "collecting" || transaction.count === 0 || !this.gate.mayPrepare) return;
    if (transaction.reported < transaction.count || transaction.own.some(({ record }) => isHeld(record))) return;
    transaction.state = "preparing";
    // Nobody judges what is there while this is under way.
    transaction.own = transaction.own.map((part) => {
      const { partition, record, write } = part;
      const hold = new PreparedWrite(
        transaction.name,
        partition,
        record,
        Number.POSITIVE_INFINITY,
        false,
        write,
        undefined,
      );
      hold.attach();
      return { ...part, hold };
    });
    for (const part of this.arrived.get(transaction.name)?.parts.values() ?? []) part.held = true;
    this.coordinator.sendPrepares(transaction);
    this.coordinator.decideIfComplete(transaction);
  }

  /** A part of this node's own is in the log: the gate need not keep it any more. */
  private ownProposed({ name }: Coordinated, index: number): void {
    const arrived = this.arrived.get(name);
    const part = arrived?.parts.get(index);
    if (arrived === undefined || part === undefined) return;
    arrived.parts.delete(index);
    if (arrived.parts.size === 0) this.arrived.delete(name);
    this.gate.partTaken(part);
  }

  /** The gate dropped a part to make room: it comes again. Only where it was not counted on yet. */
  private forget(waiter: WaitingWrite): void {
    const name = transactionName(idOf(waiter.write));
    const arrived = this.arrived.get(name);
    if (arrived === undefined) return;
    const index = waiter.write.part?.index ?? 0;
    arrived.parts.delete(index);
    if (arrived.parts.size === 0) this.arrived.delete(name);
    const coordinated = this.coordinator.table.get(name);
    if (coordinated?.state !== "collecting") return;
    coordinated.own = coordinated.own.filter((part) => part.index !== index);
    if (index === 0) coordinated.count = 0;
  }

  private isPrepared(write: Write): boolean {
    const name = transactionName(idOf(write));
    const transaction = this.cohort.table.get(name);
    if (transaction?.indexes.includes(write.part?.index ?? 0) === true) return true;
    const coordinated = this.coordinator.table.get(name);
    const isDecided =
      coordinated?.state === "deciding" || coordinated?.state === "decided" || coordinated?.state === "over";
    return isDecided && write.part?.index === 0;
  }
}

function report(transaction: Coordinated, peer: NodeId, indexes: readonly number[]): void {
  if (transaction.state !== "collecting") return;
  const cohort = transaction.cohort(peer);
  for (const index of indexes) if (!cohort.indexes.includes(index)) cohort.indexes.push(index);
}

/** Everywhere but at home a transaction goes by its dot. */
function idOf(write: Write): TransactionId {
  const { coordinator = 0, seq = 0 } = write.part ?? {};
  return { datacenter: write.datacenter, partition: coordinator, number: seq };
}
