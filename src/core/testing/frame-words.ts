/*
 * Frames of the log and of the network in words, for transcripts. Times, epochs and clocks are left out: they are what
 * changes without the protocol changing.
 */
import { inWords } from "./test-session.ts";
import { ByteReader } from "../../protocol/byte-reader.ts";
import type { Dependencies } from "../../protocol/dependencies.ts";
import {
  decodeDecided,
  decodeHole,
  decodePrepared,
  EntryCursor,
  entryAbort,
  entryApply,
  entryApplyPart,
  entryDecide,
  entryDone,
  entryHole,
  entryPart,
  entryPut,
  entryReserve,
} from "../../protocol/log-entry.ts";
import { decodeDepCheck, decodeDepHolds } from "../../protocol/messages/dep-check.ts";
import type { CheckedDot } from "../../protocol/messages/dep-check.ts";
import * as forward from "../../protocol/messages/forward.ts";
import * as message from "../../protocol/messages/message.ts";
import { decodeClosed, decodeStable, decodeStreamAck, decodeStreamOpen } from "../../protocol/messages/stream.ts";
import { decodeSnapshotRequest } from "../../protocol/messages/snapshot.ts";
import {
  decodeDecision,
  decodePartsHere,
  decodePrepare,
  decodeTransactionRequest,
  decodeVote,
} from "../../protocol/messages/transaction.ts";
import { formatDot, originOf } from "../../protocol/version.ts";
import type { Version } from "../../protocol/version.ts";
import { decodeWrite } from "../../protocol/write.ts";
import type { Bytes } from "../../shared/bytes.ts";

/** The entries of a frame of the log, one line each. */
export function entriesInWords(frame: Bytes, start = 0, end = frame.length): string[] {
  const cursor = new EntryCursor().over(frame, start, end);
  const words: string[] = [];
  while (cursor.next()) {
    if (cursor.kind === entryPut) words.push(`put ${writeInWords(cursor.body)}`);
    else if (cursor.kind === entryApply) words.push(`apply ${writeInWords(cursor.body)}`);
    else if (cursor.kind === entryHole) words.push(holeInWords(cursor));
    else if (cursor.kind === entryReserve) words.push("reserve");
    else words.push(transactionEntryInWords(cursor));
  }
  return words;
}

/** Names of transactions at home are times, and left out like all times. */
function transactionEntryInWords({ kind, body }: EntryCursor): string {
  if (kind === entryPart) return `part ${writeInWords(body)}`;
  if (kind === entryApplyPart) return `apply-part ${writeInWords(body)}`;
  if (kind === entryAbort) return "abort";
  if (kind === entryDone) return "done";
  if (kind === entryDecide) return `decide, ${decodeDecided(body).cohorts.length} to commit`;
  decodePrepared(body);
  return `prepare ${decodeWrite(body).key}`;
}

/** The messages of a frame of the network, one line each; heartbeats are left out. */
export function messagesInWords(frame: Bytes): string[] {
  const words: string[] = [];
  const reader = new ByteReader(frame);
  while (reader.remaining > 0) {
    const type = reader.u8();
    const length = reader.u32();
    const start = reader.skip(length);
    const body = new ByteReader(frame, start, start + length);
    if (type !== message.messageHeartbeat) words.push(messageInWords(type, body));
  }
  return words;
}

function messageInWords(type: number, body: ByteReader): string {
  const inWordsOf = messageWords.get(type);
  return inWordsOf === undefined ? `message ${type}` : inWordsOf(body);
}

const messageWords = new Map<number, (body: ByteReader) => string>([
  [message.messageStreamOpen, streamOpenInWords],
  [message.messageStreamData, streamDataInWords],
  [message.messageStreamAck, streamAckInWords],
  [message.messageStable, (body) => `stable ${watermarks(decodeStable(body).stable)}`],
  [message.messageClosed, (body) => `closed ${watermarks(decodeClosed(body).seqs)}`],
  [message.messageSnapshotRequest, (body) => `snapshot ${decodeSnapshotRequest(body).keys.join(" ")}`],
  [message.messageSnapshotReply, () => "snapshot-reply"],
  [message.messageTransRequest, (body) => `transaction ${keysOf(decodeTransactionRequest(body).writes)}`],
  [message.messageTransReply, () => "transaction-reply"],
  [
    message.messagePrepare,
    (body) => `prepare ${keysOf(decodePrepare(body).writes.map(({ write }) => write))}`.trimEnd(),
  ],
  [message.messageVote, (body) => `vote ${decodeVote(body).failure ?? "yes"}`],
  [message.messageDecision, (body) => `decision ${verdicts[decodeDecision(body).verdict]}`],
  [message.messageCommitted, () => "committed"],
  [message.messageTransQuestion, () => "question"],
  [message.messagePartHere, (body) => `parts-here ${decodePartsHere(body).indexes.join(" ")}`],
  [message.messageDepCheck, (body) => `dep-check ${decodeDepCheck(body).map(checkedInWords).join(" ")}`],
  [message.messageDepHolds, (body) => `dep-holds ${decodeDepHolds(body).dots.map(checkedInWords).join(" ")}`],
  [message.messageReadRequest, (body) => `read ${forward.decodeReadRequest(body).key}`],
  [message.messageReadReply, (body) => `read-reply ${versionInWords(forward.decodeReadReply(body).version)}`],
  [message.messageWriteRequest, writeRequestInWords],
  [message.messageWriteReply, writeReplyInWords],
]);

const verdicts = { 1: "commit", 2: "abort", 3: "not yet" } as const;

function keysOf(writes: readonly { readonly key: string }[]): string {
  return writes.map(({ key }) => key).join(" ");
}

function streamOpenInWords(body: ByteReader): string {
  const applied = decodeStreamOpen(body).applied.map(({ partition, watermark, ranges }) => {
    const beyond: string[] = [];
    for (let i = 0; i < ranges.length; i += 2) beyond.push(`+${ranges[i]}..${ranges[i + 1]}`);
    return `${partition}:${watermark}${beyond.join("")}`;
  });
  return `stream-open has ${applied.join(" ")}`;
}

function streamDataInWords(body: ByteReader): string {
  body.u64();
  const number = body.u32();
  const entries = entriesInWords(body.bytes, body.offset, body.end);
  return `stream-data #${number} ${entries.length === 0 ? "empty" : entries.join(", ")}`;
}

function streamAckInWords(body: ByteReader): string {
  const { received, applied } = decodeStreamAck(body);
  const words: string[] = [];
  if (received.length > 0) words.push(`received #${received.join(" #")}`);
  if (applied.length > 0) words.push(`applied ${watermarks(applied)}`);
  return `stream-ack ${words.join(", ")}`;
}

function writeRequestInWords(body: ByteReader): string {
  const { write, dependencies } = forward.decodeWriteRequest(body);
  return `write ${write.key}=${write.value}${afterInWords(dependencies)}`;
}

function writeReplyInWords(body: ByteReader): string {
  const { version, failure } = forward.decodeWriteReply(body);
  return `write-reply ${failure ?? versionInWords(version)}`;
}

function writeInWords(body: ByteReader): string {
  const { datacenter, partition, seq, key, value, effect, dependencies } = decodeWrite(body);
  const what = effect === 1 ? `${key}=${value}` : `${key} deleted`;
  return `${formatDot(originOf(datacenter, partition), seq)} ${what}${afterInWords(dependencies)}`;
}

function holeInWords(cursor: EntryCursor): string {
  const { datacenter, from, to } = decodeHole(cursor.body);
  return `hole ${formatDot(originOf(datacenter, cursor.partition), from)}..${to}`;
}

function afterInWords({ dots, prefixes }: Dependencies): string {
  const words = [...inWords(dots), ...inWords(prefixes).map((prefix) => `..${prefix}`)];
  return words.length === 0 ? "" : ` after ${words.join(" ")}`;
}

function checkedInWords({ origin, seq, prefix, withdrawn }: CheckedDot): string {
  return `${withdrawn === true ? "not " : ""}${prefix ? ".." : ""}${formatDot(origin, seq)}`;
}

function versionInWords(version: Version | undefined): string {
  if (version === undefined) return "nothing";
  const dot = formatDot(originOf(version.datacenter, version.partition), version.seq);
  return version.deleted ? `deleted (${dot})` : `${version.value} (${dot})`;
}

/** Pairs of partition and seq. */
function watermarks(pairs: readonly number[]): string {
  const words: string[] = [];
  for (let i = 0; i < pairs.length; i += 2) words.push(`${pairs[i]}:${pairs[i + 1]}`);
  return words.join(" ");
}
