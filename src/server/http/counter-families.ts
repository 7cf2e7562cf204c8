/*
 * The core's counters (core/counters.ts) as metrics: each under a name of its own, but for operations, which share one.
 */
import type { MetricFamily } from "./metric-family.ts";
import type { Counters } from "../../core/counters.ts";

/** What the names do not say; a counter without an entry here is exported all the same. */
const help: Readonly<Partial<Record<keyof Counters, string>>> = {
  readsFromStore: "Reads that memory could not answer",
  conditionsFailed: "Conditional writes whose condition did not hold",
  requestsRepeated: "Writes that were answered from the record of an earlier attempt",
  frames: "Group commits: frames appended to the log and synced",
  frameEntries: "Entries in those frames",
  frameBytes: "Bytes of those frames",
  writesReceived: "Writes received from other datacenters, repeats included",
  writesRepeated: "Received writes that were here already",
  writesApplied: "Writes from other datacenters applied here",
  writesBeaten: "Applied writes that a greater version had beaten already",
  partsApplied: "Parts of transactions applied here",
  transactionsBegun: "Attempts at write transactions of clients that this node coordinates",
  transactionsCommitted: "Write transactions that were decided here, of other datacenters too",
  transactionsAborted: "Attempts given up before the decision",
  transactionsInConflict: "Attempts that met another transaction that held a key; they are begun again",
  transactionQuestions: "Cohorts that asked whether a transaction is decided",
  snapshots: "Read transactions of sessions here",
  snapshotsSecondRound: "Read transactions that had to ask for some keys a second time",
  snapshotsTooOld: "Questions at a time before which nothing is kept any more; the transaction is begun again",
  tombstonesCollected: "Tombstones collected",
  expiredCollected: "Expired values collected",
  writesBlocked: "Received writes that had to wait for dependencies, a record or the clock",
  writesDropped: "Received writes dropped for lack of room to wait; they are sent again later",
  writesHeldForClock: "Received writes whose time is too far ahead of the clock here",
  depChecksAsked: "Dependencies asked about at other nodes of the datacenter",
  depChecksAnswered: "Dependencies that other nodes were told about",
  depChecksFromWatermark: "Dependencies that needed no message",
  streamsOpened: "Times that a destination opened its stream of this node's writes",
  streamRewinds: "Times that shipping went back for want of an acknowledgement",
  shippedWrites: "Writes sent to other datacenters, repeats included",
  shippedBytes: "Bytes of those writes",
  logReadsForShipping: "Reads of the log for a destination that is far behind",
  contextCollapses: "Contexts that became prefixes for being too large",
  contextDotsStable: "Reads that added nothing to a context, being stable",
  attachWaits: "Causal tokens that had to be waited for",
  clocksRefused: "Clocks from elsewhere that were too far ahead to be believed",
  evictions: "Records that left memory for lack of room",
  malformedMessages: "Messages from peers that could not be read and were dropped",
};

const operations = [
  { field: "readsLocal", kind: "read", served: "here" },
  { field: "readsForwarded", kind: "read", served: "forwarded" },
  { field: "writesLocal", kind: "write", served: "here" },
  { field: "writesForwarded", kind: "write", served: "forwarded" },
] as const;

export function counterFamilies(counters: Counters): MetricFamily[] {
  const inOperations: readonly string[] = operations.map(({ field }) => field);
  const rest = Object.keys(counters).filter((field) => !inOperations.includes(field)) as (keyof Counters)[];
  return [
    {
      name: "cops_operations_total",
      help: "Operations on keys: served here as the owner, or forwarded to the owner",
      type: "counter",
      read: () => operations.map(({ field, ...labels }) => ({ labels, value: counters[field] })),
    },
    ...rest.map((field): MetricFamily => ({
      name: `cops_${snakeCase(field)}_total`,
      help: help[field] ?? `The core's counter ${field}`,
      type: "counter",
      read: () => counters[field],
    })),
  ];
}

function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
