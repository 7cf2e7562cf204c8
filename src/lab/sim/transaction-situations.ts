/*
 * Rare situations of transactions and snapshots that one core gets into, for the count of what a run reached.
 */
import type { NodeCore } from "../../core/node-core.ts";

type Count = (situation: string, times?: number) => void;

export function countSituations(core: NodeCore, count: Count): void {
  const { coordinator, gate, state, transactions } = core;
  const fence = coordinator["fence"].bind(coordinator);
  coordinator["fence"] = (peer, id, time) => {
    count("fences");
    fence(peer, id, time);
  };
  const refused = transactions["refused"].bind(transactions);
  transactions["refused"] = (transaction, failure) => {
    count(`transactions given up: ${failure}`);
    refused(transaction, failure);
  };
  const { settling } = state;
  const wait = settling.wait.bind(settling);
  settling.wait = (record, time, waiter) => {
    count(Number.isFinite(time) ? "reads that waited for a transaction" : "writes that waited for a transaction");
    wait(record, time, waiter);
  };
  const { onPartDropped } = gate;
  gate.onPartDropped = (waiter) => {
    count("parts dropped for room");
    onPartDropped(waiter);
  };
}

/** What a crash strikes in the middle. */
export function countCrash({ cohort, coordinator, state }: NodeCore, count: Count): void {
  const where = (datacenter: number): string => (datacenter === state.datacenter ? "at home" : "elsewhere");
  for (const transaction of cohort.prepared()) {
    count(`crashes of a cohort that is ${transaction.state} ${where(transaction.id.datacenter)}`);
  }
  for (const { id, state: reached } of coordinator.table.values()) {
    count(`crashes of a coordinator that is ${reached} ${where(id.datacenter)}`);
  }
}
