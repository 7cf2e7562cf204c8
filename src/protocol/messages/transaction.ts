/*
 * Write transactions inside a datacenter (design, 3.6): two-phase commit between the node that owns the coordinating partition
 * and the nodes that own the other keys, in the datacenter of the client and, for what was committed there, in every other.
 *
 * transaction        u16 datacenter of origin, u16 coordinating partition, u64 number: at home the time at which it was begun,
 *                    elsewhere the seq of its dot
 * trans-request      u64 id, u64 floor, dependencies, [request id], u16 count, { requested write }: to the coordinator
 * trans-reply        u64 id, u64 clock, u8 outcome (1: failure, 2: written, 4: repeated), [text failure], [version],
 *                    u16 count, { u8 there is an old version, [version] }
 * prepare            transaction, u64 floor, u16 count of all, u16 count, { u16 index }: those at the node that is asked,
 *                    u16 count, { u16 index, requested write }; elsewhere no writes: the parts came by stream
 * vote               transaction, u64 clock, u8 outcome (0: yes, 1: failure), [text failure],
 *                    u16 count, { u16 index, u8 there is an old version, [version] }
 * decision           transaction, u8 verdict (1: commit, 2: abort, 3: not decided by `visible`), u64 visible, u64 seq
 * committed          transaction
 * trans-question     transaction, u64 time: decided by then?  u64 clock, u16 count, { u16 index }: the vote again
 * part-here          transaction, u16 count, { u16 index }
 */
import type { ByteReader } from "../byte-reader.ts";
import { DecodeError } from "../byte-reader.ts";
import type { ByteWriter } from "../byte-writer.ts";
import { decodeDependencies, encodeDependencies } from "../dependencies.ts";
import type { Dependencies } from "../dependencies.ts";
import type { HybridTime } from "../hybrid-time.ts";
import { decodeRequestedWrite, decodeVersion, encodeRequestedWrite, encodeVersion } from "./forward.ts";
import type { WriteRequest } from "./forward.ts";
import {
  beginMessage,
  endMessage,
  messageCommitted,
  messageDecision,
  messagePartHere,
  messagePrepare,
  messageTransQuestion,
  messageTransReply,
  messageTransRequest,
  messageVote,
} from "./message.ts";
import { decodeRequestId, encodeRequestId } from "../write.ts";
import type { RequestId } from "../write.ts";
import type { Version } from "../version.ts";
import { datacentersMax, partitionsMax, transactionKeysMax } from "../../shared/limits.ts";

export interface TransactionId {
  readonly datacenter: number;
  /** The coordinating partition. */
  readonly partition: number;
  readonly number: number;
}

/** A transaction as the key of a map, and in words. */
export function transactionName({ datacenter, partition, number }: TransactionId): string {
  return `${datacenter}/${partition}/${number}`;
}

export function encodeTransactionId(writer: ByteWriter, { datacenter, partition, number }: TransactionId): void {
  writer.u16(datacenter);
  writer.u16(partition);
  writer.u64(number);
}

export function decodeTransactionId(reader: ByteReader): TransactionId {
  const id = { datacenter: reader.u16(), partition: reader.u16(), number: reader.u64() };
  if (id.datacenter >= datacentersMax || id.partition >= partitionsMax) {
    throw new DecodeError(`no such transaction: ${transactionName(id)}`);
  }
  return id;
}

export interface TransactionRequest {
  readonly id: number;
  readonly floor: HybridTime;
  readonly dependencies: Dependencies;
  readonly request: RequestId | undefined;
  readonly writes: readonly WriteRequest[];
}

export function encodeTransactionRequest(writer: ByteWriter, request: TransactionRequest): void {
  const at = beginMessage(writer, messageTransRequest);
  writer.u64(request.id);
  writer.u64(request.floor);
  encodeDependencies(writer, request.dependencies);
  writer.u8(request.request === undefined ? 0 : 1);
  if (request.request !== undefined) encodeRequestId(writer, request.request);
  writer.u16(request.writes.length);
  for (const write of request.writes) encodeRequestedWrite(writer, write);
  endMessage(writer, at);
}

export function decodeTransactionRequest(reader: ByteReader): TransactionRequest {
  const id = reader.u64();
  const floor = reader.u64();
  const dependencies = decodeDependencies(reader);
  const request = reader.u8() === 0 ? undefined : decodeRequestId(reader);
  const count = partCount(reader.u16());
  const writes: WriteRequest[] = [];
  for (let i = 0; i < count; i++) writes.push(decodeRequestedWrite(reader));
  return { id, floor, dependencies, request, writes };
}

export interface TransactionReply {
  readonly id: number;
  readonly clock: HybridTime;
  readonly failure: string | undefined;
  /** Names the transaction; undefined when nothing was written, because a condition failed. */
  readonly version: Version | undefined;
  readonly repeated: boolean;
  /** By write: what it was judged against or replaced, where it asked. */
  readonly olds: readonly (Version | undefined)[];
}

export function encodeTransactionReply(writer: ByteWriter, reply: TransactionReply): void {
  const at = beginMessage(writer, messageTransReply);
  writer.u64(reply.id);
  writer.u64(reply.clock);
  const { failure, version, repeated, olds } = reply;
  writer.u8((failure === undefined ? 0 : 1) | (version === undefined ? 0 : 2) | (repeated ? 4 : 0));
  if (failure !== undefined) writer.text(failure);
  if (version !== undefined) encodeVersion(writer, version);
  writer.u16(olds.length);
  for (const old of olds) encodeOld(writer, old);
  endMessage(writer, at);
}

export function decodeTransactionReply(reader: ByteReader): TransactionReply {
  const id = reader.u64();
  const clock = reader.u64();
  const flags = reader.u8();
  const failure = (flags & 1) === 0 ? undefined : reader.text(256);
  const version = (flags & 2) === 0 ? undefined : decodeVersion(reader);
  const count = partCount(reader.u16());
  const olds: (Version | undefined)[] = [];
  for (let i = 0; i < count; i++) olds.push(decodeOld(reader));
  return { id, clock, failure, version, repeated: (flags & 4) !== 0, olds };
}

export interface IndexedWrite {
  readonly index: number;
  readonly write: WriteRequest;
}

export interface Prepare {
  readonly transaction: TransactionId;
  readonly floor: HybridTime;
  /** How many parts the transaction has. */
  readonly count: number;
  /** Which parts are at the node that is asked. */
  readonly indexes: readonly number[];
  /** Them; elsewhere than at home none: they came by stream. */
  readonly writes: readonly IndexedWrite[];
}

export function encodePrepare(writer: ByteWriter, prepare: Prepare): void {
  const at = beginMessage(writer, messagePrepare);
  encodeTransactionId(writer, prepare.transaction);
  writer.u64(prepare.floor);
  writer.u16(prepare.count);
  encodeIndexes(writer, prepare.indexes);
  writer.u16(prepare.writes.length);
  for (const { index, write } of prepare.writes) {
    writer.u16(index);
    encodeRequestedWrite(writer, write);
  }
  endMessage(writer, at);
}

export function decodePrepare(reader: ByteReader): Prepare {
  const transaction = decodeTransactionId(reader);
  const floor = reader.u64();
  const count = partCount(reader.u16());
  const indexes = decodeIndexes(reader);
  const writes: IndexedWrite[] = [];
  const given = partCount(reader.u16());
  for (let i = 0; i < given; i++) writes.push({ index: reader.u16(), write: decodeRequestedWrite(reader) });
  return { transaction, floor, count, indexes, writes };
}

export interface VotedPart {
  readonly index: number;
  readonly old: Version | undefined;
}

export interface Vote {
  readonly transaction: TransactionId;
  readonly clock: HybridTime;
  /** Why not; undefined for yes. */
  readonly failure: string | undefined;
  readonly parts: readonly VotedPart[];
}

export function encodeVote(writer: ByteWriter, vote: Vote): void {
  const at = beginMessage(writer, messageVote);
  encodeTransactionId(writer, vote.transaction);
  writer.u64(vote.clock);
  writer.u8(vote.failure === undefined ? 0 : 1);
  if (vote.failure !== undefined) writer.text(vote.failure);
  writer.u16(vote.parts.length);
  for (const part of vote.parts) {
    writer.u16(part.index);
    encodeOld(writer, part.old);
  }
  endMessage(writer, at);
}

export function decodeVote(reader: ByteReader): Vote {
  const transaction = decodeTransactionId(reader);
  const clock = reader.u64();
  const failure = reader.u8() === 0 ? undefined : reader.text(256);
  const count = partCount(reader.u16());
  const parts: VotedPart[] = [];
  for (let i = 0; i < count; i++) parts.push({ index: reader.u16(), old: decodeOld(reader) });
  return { transaction, clock, failure, parts };
}

export const verdictCommit = 1;
export const verdictAbort = 2;
export const verdictNotYet = 3;
export type Verdict = typeof verdictCommit | typeof verdictAbort | typeof verdictNotYet;

export interface Decision {
  readonly transaction: TransactionId;
  readonly verdict: Verdict;
  /** When it becomes visible here; of `verdictNotYet`, the time by which it is not. */
  readonly visible: HybridTime;
  /** The seq of its dot. */
  readonly seq: number;
}

export function encodeDecision(writer: ByteWriter, decision: Decision): void {
  const at = beginMessage(writer, messageDecision);
  encodeTransactionId(writer, decision.transaction);
  writer.u8(decision.verdict);
  writer.u64(decision.visible);
  writer.u64(decision.seq);
  endMessage(writer, at);
}

export function decodeDecision(reader: ByteReader): Decision {
  const transaction = decodeTransactionId(reader);
  const verdict = reader.u8();
  if (verdict !== verdictCommit && verdict !== verdictAbort && verdict !== verdictNotYet) {
    throw new DecodeError(`unknown verdict ${verdict}`);
  }
  return { transaction, verdict, visible: reader.u64(), seq: reader.u64() };
}

export function encodeCommitted(writer: ByteWriter, transaction: TransactionId): void {
  const at = beginMessage(writer, messageCommitted);
  encodeTransactionId(writer, transaction);
  endMessage(writer, at);
}

/** Asks whether a prepared transaction is decided by a time, and repeats the vote. */
export interface Question {
  readonly transaction: TransactionId;
  readonly time: HybridTime;
  readonly clock: HybridTime;
  readonly indexes: readonly number[];
}

export function encodeQuestion(writer: ByteWriter, question: Question): void {
  const at = beginMessage(writer, messageTransQuestion);
  encodeTransactionId(writer, question.transaction);
  writer.u64(question.time);
  writer.u64(question.clock);
  encodeIndexes(writer, question.indexes);
  endMessage(writer, at);
}

export function decodeQuestion(reader: ByteReader): Question {
  const transaction = decodeTransactionId(reader);
  return { transaction, time: reader.u64(), clock: reader.u64(), indexes: decodeIndexes(reader) };
}

/** Parts of a transaction of another datacenter have arrived and wait to be prepared. */
export interface PartsHere {
  readonly transaction: TransactionId;
  readonly indexes: readonly number[];
}

export function encodePartsHere(writer: ByteWriter, here: PartsHere): void {
  const at = beginMessage(writer, messagePartHere);
  encodeTransactionId(writer, here.transaction);
  encodeIndexes(writer, here.indexes);
  endMessage(writer, at);
}

export function decodePartsHere(reader: ByteReader): PartsHere {
  return { transaction: decodeTransactionId(reader), indexes: decodeIndexes(reader) };
}

function encodeIndexes(writer: ByteWriter, indexes: readonly number[]): void {
  writer.u16(indexes.length);
  for (const index of indexes) writer.u16(index);
}

function decodeIndexes(reader: ByteReader): number[] {
  const count = partCount(reader.u16());
  const indexes: number[] = [];
  for (let i = 0; i < count; i++) indexes.push(reader.u16());
  return indexes;
}

function encodeOld(writer: ByteWriter, old: Version | undefined): void {
  writer.u8(old === undefined ? 0 : 1);
  if (old !== undefined) encodeVersion(writer, old);
}

function decodeOld(reader: ByteReader): Version | undefined {
  return reader.u8() === 0 ? undefined : decodeVersion(reader);
}

function partCount(count: number): number {
  if (count > transactionKeysMax) throw new DecodeError(`${count} parts, at most ${transactionKeysMax} are allowed`);
  return count;
}
