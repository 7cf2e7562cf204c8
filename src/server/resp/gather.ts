/*
 * One command over many keys: an operation for each key, and one reply when all are done. In this release a command over
 * many keys is no transaction; each key's operation takes its place in the session's order.
 *
 * At most `gatherKeysMax` are under way at once. While keys are left to submit, the connection takes no further command: it
 * would overtake them, and the arguments are the parser's.
 *
 *   begin ──▶ submit ... ──answers──▶ submit ... ──the last answer──▶ settled in its slot
 */
import type { Failure } from "../../core/failure.ts";
import type { OperationSink } from "../../core/operations.ts";
import type { ReplyWriter } from "../../protocol/resp/reply-writer.ts";
import type { Version } from "../../protocol/version.ts";
import { invariant } from "../../shared/assert.ts";
import type { RespConnection } from "./connection.ts";
import type { ReadyReply } from "./reply-queue.ts";

export abstract class Gather implements OperationSink, ReadyReply {
  protected readonly client: RespConnection;
  private readonly count: number;
  private readonly slot: number;
  private submitted = 0;
  private answered = 0;
  private submitting = false;
  private holds = false;
  private failure: Failure | undefined;
  private hasWritten = false;

  /** `count` operations, at least one. */
  constructor(client: RespConnection, count: number) {
    this.client = client;
    this.count = count;
    this.slot = client.replies.openOther();
  }

  get measuredAs(): "read" | "write" | undefined {
    if (this.failure !== undefined) return undefined;
    return this.hasWritten ? "write" : "read";
  }

  begin(): void {
    this.submitMore();
  }

  readDone(index: number, version: Version | undefined): void {
    this.onRead(index, version);
    this.oneAnswered();
  }

  writeDone(index: number, version: Version | undefined): void {
    this.hasWritten = true;
    this.onWritten(index, version);
    this.oneAnswered();
  }

  failed(_index: number, failure: Failure): void {
    this.failure ??= failure;
    this.oneAnswered();
  }

  reached(): void {
    invariant(false, "an operation on many keys is no barrier");
  }

  writeTo(reply: ReplyWriter): void {
    if (this.failure === undefined) this.answer(reply);
    else reply.error(`${this.failure.code} ${this.failure.message}`);
  }

  /** Submits the operation on key `index` with this as its sink and `index` as its tag. */
  protected abstract submit(index: number): void;
  protected abstract answer(reply: ReplyWriter): void;

  protected onRead(_index: number, _version: Version | undefined): void {
    invariant(false, "this command reads nothing");
  }

  protected onWritten(_index: number, _version: Version | undefined): void {
    invariant(false, "this command writes nothing");
  }

  private submitMore(): void {
    if (this.submitting) return;
    this.submitting = true;
    const { gatherKeysMax } = this.client.services.limits;
    while (this.submitted < this.count && this.submitted - this.answered < gatherKeysMax) this.submit(this.submitted++);
    this.submitting = false;
    const isLeft = this.submitted < this.count;
    if (isLeft === this.holds) return;
    this.holds = isLeft;
    if (isLeft) this.client.holdForGather();
    else this.client.releaseGather();
  }

  private oneAnswered(): void {
    this.answered++;
    if (this.answered === this.count) this.client.replies.settle(this.slot, this);
    else if (this.submitted < this.count) this.submitMore();
  }
}
