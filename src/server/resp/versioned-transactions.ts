/*
 * Transactions of clients that keep their contexts themselves (COPS.GETTRANS, COPS.PUTTRANS; paper, 4.1 get_trans). Each runs in
 * a session of its own, which begins with what the client has seen: nothing of the connection's is read or changed, and there
 * is no order between these and other operations with explicit contexts. Whoever needs one waits for the answer.
 *
 *   read    session at the floor ──▶ read transaction ──▶ entries; what the session then depends on is not stable
 *   write   the context is confirmed ──▶ session with it ──▶ write transaction
 */
import type { Failure } from "../../core/failure.ts";
import { failureOf } from "../../core/failure.ts";
import type { TransactionSink } from "../../core/operations.ts";
import type { Session } from "../../core/session.ts";
import { noDependencies } from "../../protocol/dependencies.ts";
import type { Dependencies } from "../../protocol/dependencies.ts";
import type { HybridTime } from "../../protocol/hybrid-time.ts";
import type { WriteRequest } from "../../protocol/messages/forward.ts";
import type { ReplyWriter } from "../../protocol/resp/reply-writer.ts";
import type { Version } from "../../protocol/version.ts";
import type { RequestId } from "../../protocol/write.ts";
import { invariant } from "../../shared/assert.ts";
import type { ByteString } from "../../shared/bytes.ts";
import type { RespConnection } from "./connection.ts";
import type { ReadyReply } from "./reply-queue.ts";
import { writeContext, writeName, writeRead } from "./version-fields.ts";
import { contextMsMax } from "./versioned-operations.ts";

type Versions = readonly (Version | undefined)[];

abstract class VersionedTransaction implements TransactionSink, ReadyReply {
  protected readonly client: RespConnection;
  protected readonly session: Session;
  private readonly slot: number;
  private failure: Failure | undefined;

  constructor(client: RespConnection) {
    this.client = client;
    this.slot = client.replies.openOther();
    this.session = client.services.core.createSession();
  }

  abstract readonly kind: "read" | "write";

  get measuredAs(): "read" | "write" | undefined {
    return this.failure === undefined ? this.kind : undefined;
  }

  snapshotDone(_tag: number, _versions: Versions, _time: HybridTime): void {
    invariant(false, "this transaction only writes");
  }

  transactionDone(_tag: number, _version: Version | undefined, _olds: Versions): void {
    invariant(false, "this transaction only reads");
  }

  failed(_tag: number, failure: Failure): void {
    this.failure = failure;
    this.settle();
  }

  writeTo(reply: ReplyWriter): void {
    if (this.failure === undefined) this.answer(reply);
    else reply.error(`${this.failure.code} ${this.failure.message}`);
  }

  protected settle(): void {
    this.client.replies.settle(this.slot, this);
  }

  protected abstract answer(reply: ReplyWriter): void;
}

/** [snapshotTime, clock, [entry...]], each entry as COPS.GETVER answers it. */
export class VersionedSnapshot extends VersionedTransaction {
  override readonly kind = "read";
  private keys: readonly ByteString[] = [];
  private versions: Versions = [];
  private time: HybridTime = 0;

  begin(keys: readonly ByteString[], floor: HybridTime): void {
    this.keys = keys;
    this.session.context.merge(noDependencies, floor);
    this.session.readTransaction(keys, this, 0);
  }

  override snapshotDone(_tag: number, versions: Versions, time: HybridTime): void {
    this.versions = versions;
    this.time = time;
    this.settle();
  }

  protected override answer(reply: ReplyWriter): void {
    const { placement } = this.client.services.core;
    const { outputBytesMax } = this.client.services.limits;
    const clock = Math.max(this.session.context.floor, this.time);
    // Of what it read the session depends on what is not stable; with so much of that it depends on prefixes.
    const dependencies = this.session.context.dependencies();
    const unstable = new Set(dotsOf(dependencies));
    const isCollapsed = dependencies.prefixes.length > 0;
    reply.arrayHeader(3);
    reply.integer(this.time);
    reply.integer(clock);
    reply.arrayHeader(this.keys.length);
    for (const [i, key] of this.keys.entries()) {
      const version = this.versions[i];
      const partition = placement.partitionOfHash(placement.hash(key));
      const stable =
        version === undefined || !(isCollapsed || unstable.has(dotName(version.dotOrigin, version.dotSeq)));
      writeRead(reply, version, partition, clock, stable);
      // The connection is dropped for it in a moment: no need to make more copies.
      if (reply.pendingBytes > outputBytesMax) return;
    }
  }
}

export interface VersionedOrder {
  readonly writes: readonly WriteRequest[];
  readonly dependencies: Dependencies;
  readonly floor: HybridTime;
  readonly request: RequestId | undefined;
}

/**
 * [written, time, datacenter, partition, seq, clock]: the transaction's version and dot; all 0 where a condition failed, and
 * then the context is added that includes what was there: the client knows of that now.
 */
export class VersionedWrites extends VersionedTransaction {
  override readonly kind = "write";
  private version: Version | undefined;

  begin({ writes, dependencies, floor, request }: VersionedOrder): void {
    const write = (): void => {
      this.session.context.merge(dependencies, floor);
      this.session.writeTransaction(writes, request, this, 0);
    };
    if (dependencies.dots.length === 0 && dependencies.prefixes.length === 0) {
      write();
      return;
    }
    this.client.services.core.confirm(dependencies, contextMsMax, write, (why) => this.failed(0, failureOf(why)));
  }

  override transactionDone(_tag: number, version: Version | undefined): void {
    this.version = version;
    this.settle();
  }

  protected override answer(reply: ReplyWriter): void {
    const isWritten = this.version !== undefined;
    reply.arrayHeader(isWritten ? 6 : 7);
    reply.integer(isWritten ? 1 : 0);
    writeName(reply, this.version, 0);
    reply.integer(this.session.context.floor);
    if (!isWritten) writeContext(reply, this.session.context);
  }
}

function dotsOf({ dots }: Dependencies): string[] {
  const names: string[] = [];
  for (let i = 0; i < dots.length; i += 2) names.push(dotName(dots[i] as number, dots[i + 1] as number));
  return names;
}

function dotName(origin: number, seq: number): string {
  return `${origin}/${seq}`;
}
