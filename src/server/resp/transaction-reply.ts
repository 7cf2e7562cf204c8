/*
 * One command over many keys as one transaction of the session: from its submission to its reply. Over one key it is that key's
 * operation, which costs less and says the same.
 *
 *   open a slot ──read, write──▶ core ──versions, or version and olds, or a failure──▶ settled in its slot
 */
import type { Failure } from "../../core/failure.ts";
import type { OperationSink, TransactionSink } from "../../core/operations.ts";
import type { WriteRequest } from "../../protocol/messages/forward.ts";
import type { ReplyWriter } from "../../protocol/resp/reply-writer.ts";
import type { Version } from "../../protocol/version.ts";
import { invariant } from "../../shared/assert.ts";
import type { ByteString } from "../../shared/bytes.ts";
import type { RespConnection } from "./connection.ts";
import type { ReadyReply } from "./reply-queue.ts";

type Versions = readonly (Version | undefined)[];

export abstract class TransactionReply implements OperationSink, TransactionSink, ReadyReply {
  protected readonly client: RespConnection;
  private readonly slot: number;
  private failure: Failure | undefined;
  private hasWritten = false;

  constructor(client: RespConnection) {
    this.client = client;
    this.slot = client.replies.openOther();
  }

  get measuredAs(): "read" | "write" | undefined {
    if (this.failure !== undefined) return undefined;
    return this.hasWritten ? "write" : "read";
  }

  readDone(_tag: number, version: Version | undefined): void {
    this.onRead([version]);
  }

  snapshotDone(_tag: number, versions: Versions): void {
    this.onRead(versions);
  }

  writeDone(_tag: number, version: Version | undefined, old: Version | undefined): void {
    this.hasWritten = true;
    this.onWritten(version, [old]);
  }

  transactionDone(_tag: number, version: Version | undefined, olds: Versions): void {
    this.hasWritten = true;
    this.onWritten(version, olds);
  }

  failed(_tag: number, failure: Failure): void {
    this.failure = failure;
    this.onFailed();
    this.settle();
  }

  reached(): void {
    invariant(false, "a transaction is no barrier");
  }

  writeTo(reply: ReplyWriter): void {
    if (this.failure === undefined) this.answer(reply);
    else reply.error(`${this.failure.code} ${this.failure.message}`);
  }

  /** `onRead` follows, perhaps before this returns. */
  protected read(keys: readonly ByteString[]): void {
    const { session } = this.client;
    if (keys.length === 1) session.read(keys[0] as ByteString, this, 0);
    else session.readTransaction(keys, this, 0);
  }

  /** `onWritten` follows. */
  protected write(writes: readonly WriteRequest[]): void {
    const { session } = this.client;
    if (writes.length === 1) session.write(writes[0] as WriteRequest, this, 0);
    else session.writeTransaction(writes, undefined, this, 0);
  }

  /** The reply can be written: `answer` is called when its turn comes. */
  protected settle(): void {
    this.client.replies.settle(this.slot, this);
  }

  protected onRead(_versions: Versions): void {
    invariant(false, "this command reads nothing");
  }

  /** `version` is undefined where a condition failed. */
  protected onWritten(_version: Version | undefined, _olds: Versions): void {
    invariant(false, "this command writes nothing");
  }

  protected onFailed(): void {
    // Most have nothing to let go of.
  }

  protected abstract answer(reply: ReplyWriter): void;
}
