/*
 * The operations of a context, from the call to the answer: what each needs to be sent, sent again, and answered. Their
 * order and their retries are the affair of context-thread.ts.
 *
 *   waiting ──sent──▶ under way ──answered──▶ done
 *      ▲                 │ refused, lost           each done exactly once: resolved or rejected
 *      `─────────────────'  ──deadline, abort, close──▶ done
 */
import { transactionAnswer, writeAnswer } from "./answers.ts";
import type { ReadAnswer, SnapshotAnswer, WriteAnswer } from "./answers.ts";
import { carry, makeTokenCommand, readCommand, snapshotCommand, writeCommand } from "./commands.ts";
import type { Carried, KeyWrite, WriteOrder } from "./commands.ts";
import type { ContextThread } from "./context-thread.ts";
import { OperationAbortedError, TimeoutError } from "./errors.ts";
import type { ClientError } from "./errors.ts";
import type { Answerable, Attempt } from "./node-link.ts";
import { anyPartition } from "./node-links.ts";
import type { RequestLane } from "./request-lanes.ts";
import { VersionedValue } from "./results.ts";
import type { Snapshot, WriteResult } from "./results.ts";
import type { Command } from "./transport.ts";
import { notSet } from "./timer-wheel.ts";
import type { Timed } from "./timer-wheel.ts";
import type { OutcomeInQuestion } from "./unknown-write.ts";
import type { Backoff } from "../net/backoff.ts";
import type { Context } from "../core/context.ts";
import type { ReplyValue } from "../protocol/resp/reply-values.ts";
import type { RequestId } from "../protocol/write.ts";
import type { ByteString } from "../shared/bytes.ts";

/** What a call came with. */
export interface Call<Result> {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: ClientError) => void;
}

/** Names, headers and figures of a command, and of one key of a transaction, beside what the caller gave. */
const commandBytes = 96;
const keyBytes = 32;

abstract class BaseOperation<Result> implements Answerable, Timed {
  tick = notSet;
  abstract readonly name: string;
  abstract readonly partition: number;
  /** What it counts for in the client's budget. */
  abstract readonly bytes: number;
  attempts = 0;
  done = false;
  /** The attempt that is under way. */
  attempt: Attempt | undefined;
  backoff: Backoff | undefined;
  lastError: ClientError | undefined;
  readonly call: Call<Result>;
  protected readonly thread: ContextThread;
  private onAbort: (() => void) | undefined;

  constructor(thread: ContextThread, call: Call<Result>) {
    this.thread = thread;
    this.call = call;
  }

  abstract command(): Command;
  /** This, as the union that the thread works with. */
  protected abstract get self(): Operation;

  answered(reply: ReplyValue): void {
    this.thread.answered(this.self, reply);
  }

  lost(error: ClientError): void {
    this.thread.lost(this.self, error);
  }

  /** The deadline. */
  onDue(): void {
    const { name, attempts, lastError, call } = this;
    this.thread.ended(this.self, new TimeoutError(name, call.timeoutMs, attempts, lastError));
  }

  /** The attempt under way keeps its place, but nobody waits for it. */
  detach(): void {
    if (this.attempt !== undefined) this.attempt.target = undefined;
    this.attempt = undefined;
  }

  listen(): void {
    const { signal } = this.call;
    if (signal === undefined) return;
    this.onAbort = (): void => this.thread.ended(this.self, new OperationAbortedError(this.name, signal.reason));
    signal.addEventListener("abort", this.onAbort, { once: true });
  }

  unlisten(): void {
    if (this.onAbort !== undefined) this.call.signal?.removeEventListener("abort", this.onAbort);
    this.onAbort = undefined;
  }
}

export class ReadOperation extends BaseOperation<VersionedValue> {
  readonly kind = "read";
  readonly name = "get";
  readonly partition: number;
  readonly bytes: number;
  private readonly key: ByteString;

  constructor(thread: ContextThread, call: Call<VersionedValue>, key: ByteString, partition: number) {
    super(thread, call);
    this.key = key;
    this.partition = partition;
    this.bytes = commandBytes + key.length;
  }

  command(): Command {
    return readCommand(this.key, this.thread.seen.floor);
  }

  protected override get self(): Operation {
    return this;
  }

  succeed(answer: ReadAnswer): void {
    this.call.resolve(new VersionedValue(answer));
  }
}

/** A read transaction. */
export class SnapshotOperation extends BaseOperation<Snapshot> {
  readonly kind = "snapshot";
  readonly name = "getTrans";
  readonly partition: number;
  readonly bytes: number;
  readonly keys: readonly ByteString[];
  /** How often a node said that the time of the snapshot was too long ago. */
  restarts = 0;

  constructor(thread: ContextThread, call: Call<Snapshot>, keys: readonly ByteString[], partition: number) {
    super(thread, call);
    this.keys = keys;
    this.partition = partition;
    this.bytes = keys.reduce((bytes, key) => bytes + keyBytes + key.length, commandBytes);
  }

  command(): Command {
    return snapshotCommand(this.keys, this.thread.seen.floor);
  }

  protected override get self(): Operation {
    return this;
  }

  succeed({ time, entries }: SnapshotAnswer): void {
    this.call.resolve({ time, values: entries.map((entry) => new VersionedValue(entry)) });
  }
}

export function writesOf(order: WriteOrder): readonly KeyWrite[] {
  return order.kind === "transaction" ? order.writes : [order.write];
}

/** A write as it goes out each time: under one number, with what its context held when it was first sent. */
export interface NumberedWrite {
  readonly order: WriteOrder;
  readonly partition: number;
  readonly lane: RequestLane;
  readonly request: RequestId;
  readonly carried: Carried;
  readonly firstSentMs: number;
}

export class WriteOperation extends BaseOperation<WriteResult> {
  readonly kind = "write";
  readonly name: "put" | "delete" | "putTrans" | "resolve";
  readonly order: WriteOrder;
  readonly partition: number;
  readonly bytes: number;
  numbered: NumberedWrite | undefined;
  /** Attempts that were neither answered nor refused: the write may have happened. */
  unaccounted = 0;
  /** The write of unknown outcome that this one finds out about. */
  readonly resolves: OutcomeInQuestion | undefined;

  constructor(
    thread: ContextThread,
    call: Call<WriteResult>,
    order: WriteOrder,
    partition: number,
    resolves: OutcomeInQuestion | undefined,
  ) {
    super(thread, call);
    this.order = order;
    this.partition = partition;
    this.resolves = resolves;
    this.numbered = resolves?.numbered;
    // What was sent before is as unaccounted for as it was.
    this.unaccounted = resolves === undefined ? 0 : 1;
    this.name = resolves !== undefined ? "resolve" : order.kind === "transaction" ? "putTrans" : order.kind;
    this.bytes = writesOf(order).reduce(
      (bytes, { key, value }) => bytes + keyBytes + key.length + (value?.length ?? 0),
      commandBytes,
    );
  }

  /** A transaction is remembered by the node that coordinated it: a repetition must meet the same. */
  get onlyToOwner(): boolean {
    return this.order.kind === "transaction";
  }

  /** Before the first attempt: takes a number, and the context as it is now. */
  number(lane: RequestLane, seen: Context, nowMs: number): void {
    const { order, partition } = this;
    const carried = carry(seen.dependencies(), seen.floor);
    this.numbered = { order, partition, lane, request: lane.next(), carried, firstSentMs: nowMs };
  }

  answerIn(reply: ReplyValue): WriteAnswer {
    return this.order.kind === "transaction" ? transactionAnswer(reply) : writeAnswer(reply);
  }

  command(): Command {
    const { order, carried, request } = this.numbered as NumberedWrite;
    return writeCommand(order, carried, request);
  }

  protected override get self(): Operation {
    return this;
  }
}

/** Makes a token of the context, once everything before it is answered. */
export class TokenOperation extends BaseOperation<string> {
  readonly kind = "token";
  readonly name = "token";
  readonly partition: number = anyPartition;
  readonly bytes: number = commandBytes;

  command(): Command {
    const { seen } = this.thread;
    return makeTokenCommand(carry(seen.dependencies(), seen.floor));
  }

  protected override get self(): Operation {
    return this;
  }
}

export type Operation = ReadOperation | SnapshotOperation | WriteOperation | TokenOperation;
