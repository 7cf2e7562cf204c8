/*
 * Every limit of the product, in one place. docs/LIMITS.md says what happens at each.
 * Sizes are in bytes unless the name says otherwise.
 */

const KiB = 1024;
const MiB = 1024 * KiB;

/** Datacenters of a cluster: their index travels in sixteen bits, and NodeId leaves it eight. */
export const datacentersMax = 64;
/** Nodes of a datacenter: NodeId is datacenter * 256 + node. */
export const nodesPerDatacenterMax = 256;
/** Partitions of a cluster; an origin is packed as datacenter * 65536 + partition. */
export const partitionsMax = 16384;

export const keyBytesMax = 64 * KiB;
export const valueBytesMax = 32 * MiB;

/** Exact dots that a context holds before it collapses to prefixes (design, 3.4). */
export const contextDotsMax = 256;
/** Dependencies of both kinds that one write may carry; a collapsed context has one per origin at most. */
export const dependenciesMax = 32 * KiB;

/** Operations that wait in one session's queue. */
export const sessionQueueMax = 65536;
/** Reads of a pipeline that are asked for together where they have several owners. */
export const readsTogetherMax = 256;
/** Requests forwarded to one other node and not yet answered. */
export const forwardedRequestsMax = 65536;
/** After this long without an answer a forwarded request fails; a write's outcome is then unknown. */
export const forwardedRequestTimeoutMs = 10_000;

/** Bytes sent to one node of another datacenter and not yet acknowledged as received. */
export const shipWindowBytes = 8 * MiB;
/** Writes that go out in one stream message, in bytes; a single larger write goes alone. */
export const shipMessageBytes = 512 * KiB;
/** Without an acknowledgement for this long, shipping goes back to what was not acknowledged. */
export const shipRetryMsMin = 3_000;
export const shipRetryMsMax = 60_000;
/** Recent frames of the log kept in memory for shipping; a destination further behind reads the log. */
export const recentFramesBytesMax = 32 * MiB;

/** Received writes that wait for dependencies, per node; beyond it they are dropped and asked for again. */
export const waitingWritesMax = 200_000;
export const waitingBytesMax = 64 * MiB;
/** Gaps in what is applied of one origin, a partition; beyond it writes that would add one are dropped like the above. */
export const appliedRangesMax = 10_000;
/** Of these, as many are told when a stream is opened; what lies beyond is sent again, and dropped as repeated. */
export const appliedRangesTold = 1_000;
/** Dependency questions of one other node that are kept until they can be answered. */
export const depSubscriptionsMax = 400_000;
/** An unanswered dependency question is asked again after this long. */
export const depCheckRetryMs = 2_000;

/** What is known of a client's numbered requests is kept this long after the last, far longer than any deadline. */
export const requestRetentionMs = 600_000;
export const requestDeadlineMsMax = 60_000;
export const requestsMax = 200_000;
export const requestClientsMax = 100_000;

/** How far ahead of the clock a time bound is reserved on disk (design, 3.1). */
export const clockReserveAheadMs = 2_000;
/** How many sequence numbers of each partition are reserved on disk ahead (design, 3.4). */
export const seqReserveAhead = 65_536;

/** A version or floor further ahead of this node's clock than this is held back or refused. */
export const maxSkewMs = 60_000;

/** Changed records that are not yet in the store: a checkpoint starts at the first, writes wait at the second. */
export const dirtyBytesCheckpoint = 64 * MiB;
export const dirtyBytesMax = 512 * MiB;
/** Log behind the checkpoint that starts one. */
export const logBytesCheckpoint = 256 * MiB;
/** Unchanged records kept in memory. */
export const cacheBytesDefault = 512 * MiB;
/** Keys being read from the store at once; reads beyond it wait in their sessions. */
export const loadingKeysMax = 100_000;
/** Frame bytes proposed and not yet durable; beyond it writes wait. */
export const inFlightBytesMax = 64 * MiB;

/** Keys of one transaction, read or write. */
export const transactionKeysMax = 4096;
/** Keys and values of one write transaction together. */
export const transactionBytesMax = 16 * MiB;
/** Values that a write transaction tells of what it replaces: they travel in one message. */
export const oldValuesBytesMax = 48 * MiB;
/** With this much of values an owner ends its answer to a read transaction, and is asked for the rest. */
export const snapshotReplyBytesMax = 16 * MiB;
/** Values of one read transaction that come from other nodes. */
export const snapshotBytesMax = 256 * MiB;
/** A superseded version stays readable for this long (design, 3.5; paper, 5.1.2). */
export const transTimeMs = 5_000;
/** Superseded versions kept in memory; beyond it the oldest go before their time. */
export const olderVersionsBytesMax = 64 * MiB;
/** Times that are pinned for long scans at once; how long each may stay, and what may be kept for one. */
export const pinsMax = 8;
export const pinMsMax = 600_000;
export const pinnedBytesMax = 256 * MiB;
/** So long an operation waits for a transaction that holds its key. */
export const settleMsMax = 5_000;
/** Without all votes after this long a transaction is aborted where it was begun. */
export const prepareMsMax = 3_000;
/** Decisions, prepares, questions that nobody answered are sent again after this long. */
export const transactionRetryMs = 500;
/** Transactions that one node coordinates at once, and bytes prepared at one. */
export const transactionsMax = 10_000;
export const preparedBytesMax = 64 * MiB;
/** A transaction that meets another that holds a key is begun again this often. */
export const transactionAttemptsMax = 8;
/** A read transaction whose second round comes too late is begun again, so often in all. */
export const snapshotAttemptsMax = 4;
/** Tombstones and expired values that were collected and whose delete is not in the store yet; beyond it collection waits. */
export const collectedMax = 100_000;
/** Candidates in memory up to which the store is swept for more; how many are looked at each tick; how often the store is. */
export const collectorCandidatesMax = 50_000;
export const collectorVisitsPerTick = 256;
export const sweepIntervalMs = 1_000;
/** Keys that one sweep of the store looks at. */
export const sweepKeysMax = 256;
