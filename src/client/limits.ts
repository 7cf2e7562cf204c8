/*
 * The limits of the client library and the defaults of its options, in one place; docs/CLIENT.md says what happens at
 * each. Sizes are in bytes, times in milliseconds.
 */
import { requestDeadlineMsMax, requestRetentionMs } from "../shared/limits.ts";

const MiB = 1024 * 1024;

/** From the call to the answer, all attempts and pauses included. */
export const timeoutMsDefault = 5_000;
/** Nodes remember the numbers of writes far longer than this, so a repeat within it never applies twice. */
export const timeoutMsMax: number = requestDeadlineMsMax;
/** Until the first node answers. */
export const connectTimeoutMsDefault = 5_000;
/** How long `attach` waits for what a token has seen to arrive here. */
export const attachTimeoutMsDefault = 5_000;
/** What an attach waits beyond its time for the node's own answer that it took too long. */
export const attachGraceMs = 500;

/** Pauses between two attempts double from the least to the most, each with a jitter of up to half. */
export const retryDelayMsMinDefault = 10;
export const retryDelayMsMaxDefault = 500;
/** Attempts of an operation that was refused each time; a write that may have happened goes on until its deadline. */
export const attemptsMaxDefault = 16;

/** A read transaction whose moment was too long ago is begun again this often. */
export const snapshotRestartsMax = 8;

/** A node that owes an answer and sends nothing for this long is taken for dead: its connection is reset. */
export const silenceMsDefault = 2_000;
/** Pauses between two attempts to connect to a node. */
export const redialDelayMsMin = 50;
export const redialDelayMsMax = 5_000;
/** How long `connect` waits for the nodes other than the first; operations then go through those that are there. */
export const settleMsMax = 1_000;
/** The topology is asked for again at most this often when something fails, and at least this often when nothing does. */
export const topologyRefreshMsMin = 500;
export const topologyRefreshMsMax = 30_000;

/** Operations accepted and not finished, and attempts whose answer is still owed. */
export const pendingOperationsMaxDefault = 16_384;
export const pendingBytesMaxDefault: number = 64 * MiB;
/** Answers that one node owes: beyond it the node gets no more, whatever the client may still accept. */
export const outstandingPerLinkMax = 65_536;
/** Operations of one context that are not finished. */
export const pendingPerContextMax = 4_096;

/** Connections for attaches, which may wait long; one each, some kept for the next. */
export const attachLinksMax = 16;
export const attachLinksIdleMax = 2;
/** Attaches that wait for such a connection. */
export const attachesWaitingMax = 1_024;

/** After this long a write of unknown outcome cannot be repeated any more: half of what nodes remember. */
export const resolvableMsMax: number = requestRetentionMs / 2;

/** Nodes of a topology that the client believes. */
export const topologyBytesMax: number = 4 * MiB;
export const seedsMax = 64;
/** How long `close` lets operations finish that were accepted before. */
export const closeTimeoutMsDefault = 1_000;
/** The granularity of every timeout here. */
export const tickMs = 10;
