/*
 * The judge: everything that is checked about a history, in one call (design, section 7; docs/TESTING-HISTORY.md).
 *
 * One file per property: dot-identity.ts and write-index.ts, resolve-fates.ts (thin air), causal-checker.ts with
 * stale-read.ts, fractured-read.ts, snapshot-cut.ts, write-order.ts, session-guarantees.ts and causality-cycle.ts,
 * real-time.ts, convergence.ts, torn-transaction.ts. Each has a canary test: a history that breaks its rule and must be caught.
 *
 * No verdict is given on a history that cannot be read or makes no sense: that throws HistoryError.
 */
import type { HistoryLine } from "../format.ts";
import { readHistoryFile } from "../reader.ts";
import { checkCausality } from "./causal-checker.ts";
import { checkConvergence } from "./convergence.ts";
import { checkDotIdentity, checkDotsOnOneWrite } from "./dot-identity.ts";
import { loadHistory } from "./load.ts";
import type { LoadedHistory } from "./model.ts";
import { checkRealTime } from "./real-time.ts";
import { resolveFates } from "./resolve-fates.ts";
import { checkTornTransactions } from "./torn-transaction.ts";
import { ViolationList } from "./violation.ts";
import type { Rule, Violation } from "./violation.ts";

export interface CheckOptions {
  /** How many violations of each rule are explained; all are counted. Default 10. */
  readonly violationsPerRuleMax?: number;
}

export interface CheckStats {
  readonly sessions: number;
  readonly keys: number;
  readonly reads: number;
  /** Reads of keys never written. */
  readonly nilReads: number;
  readonly writes: number;
  readonly deletes: number;
  readonly touches: number;
  /** Reads and writes of several keys at once; the keys are not counted above. */
  readonly snapshots: number;
  readonly transactions: number;
  readonly attaches: number;
  readonly refused: number;
  /** Writes of any kind whose outcome is unknown, and how many of their dots were seen afterwards. */
  readonly unknown: number;
  readonly learned: number;
  readonly datacenters: number;
  /** How many datacenters' final states there were to compare; convergence is judged only from one on. */
  readonly finalStates: number;
}

export interface CheckResult {
  /** The first few of each rule, explained. Empty: the history passes. */
  readonly violations: readonly Violation[];
  /** How many there are of each rule that is broken. */
  readonly counts: ReadonlyMap<Rule, number>;
  readonly stats: CheckStats;
}

/** Judges the lines of one history, header first. Throws HistoryError. */
export function checkHistory(lines: Iterable<HistoryLine>, options: CheckOptions = {}): CheckResult {
  const violations = new ViolationList(options.violationsPerRuleMax ?? 10);
  const history = loadHistory(lines, violations);
  checkDotsOnOneWrite(history, violations);
  resolveFates(history, violations);
  checkDotIdentity(history, violations);
  checkRealTime(history, violations);
  checkCausality(history, violations);
  checkConvergence(history, violations);
  checkTornTransactions(history, violations);
  return { violations: violations.kept(), counts: violations.counts(), stats: statsOf(history) };
}

export function checkHistoryFile(path: string, options: CheckOptions = {}): CheckResult {
  return checkHistory(readHistoryFile(path), options);
}

function statsOf(history: LoadedHistory): CheckStats {
  const ofKind = { read: 0, write: 0, delete: 0, touch: 0, snapshot: 0, transaction: 0, attach: 0 };
  const count = { nilReads: 0, unknown: 0, learned: 0 };
  for (const { kind, outcome, write } of history.operations) {
    ofKind[kind] += 1;
    if (kind === "read" && write === undefined) count.nilReads += 1;
    if (outcome === "unknown") count.unknown += 1;
  }
  for (const { fate, group, key } of history.writes) {
    const isFirst = group === undefined || group.parts.keys().next().value === key;
    if (fate === "learned" && isFirst) count.learned += 1;
  }
  return {
    ...count,
    reads: ofKind.read,
    writes: ofKind.write,
    deletes: ofKind.delete,
    touches: ofKind.touch,
    snapshots: ofKind.snapshot,
    transactions: ofKind.transaction,
    attaches: ofKind.attach,
    sessions: history.sessions.length,
    keys: history.keys.size,
    refused: history.refused,
    datacenters: history.header.datacenters.length,
    finalStates: history.finals.size,
  };
}
