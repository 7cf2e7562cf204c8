/*
 * EXEC: carries out what was queued since MULTI: reads as one read transaction, writes as one write transaction. Its reply is
 * that of each command, in order; or one error, and then nothing was done (but for UNKNOWNOUTCOME).
 */
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import type { Version } from "../../../protocol/version.ts";
import type { ByteString } from "../../../shared/bytes.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import type { MultiQueue } from "../multi-queue.ts";
import type { QueuedAnswer, QueuedRead } from "../queued-command.ts";
import { transactionProblem } from "../size-limits.ts";
import { TransactionReply } from "../transaction-reply.ts";
import { WritePlan } from "../write-plan.ts";

const queuedErrors = "EXECABORT Transaction discarded because of previous errors.";
const mixed =
  "EXECABORT Transaction discarded: it may only read or only write. Read before MULTI, and write with a condition " +
  "(COPS.CAS, MSETNX) where the write depends on it; SET GET, GETSET and GETDEL tell what they replace";

class ReadsOfMulti extends TransactionReply {
  private readonly reads: readonly QueuedRead[];
  private versions: readonly (Version | undefined)[] = [];

  constructor(client: RespConnection, reads: readonly QueuedRead[]) {
    super(client);
    this.reads = reads;
  }

  begin(): void {
    this.read(this.reads.flatMap(({ keys }) => keys));
  }

  protected override onRead(versions: readonly (Version | undefined)[]): void {
    this.versions = versions;
    this.settle();
  }

  protected override answer(reply: ReplyWriter): void {
    const { outputBytesMax } = this.client.services.limits;
    reply.arrayHeader(this.reads.length);
    let from = 0;
    for (const read of this.reads) {
      read.answer(reply, this.versions, from);
      from += read.keys.length;
      // The connection is dropped for it in a moment.
      if (reply.pendingBytes > outputBytesMax) return;
    }
  }
}

class WritesOfMulti extends TransactionReply {
  private readonly answers: readonly QueuedAnswer[];
  private olds: readonly (Version | undefined)[] = [];

  constructor(client: RespConnection, answers: readonly QueuedAnswer[]) {
    super(client);
    this.answers = answers;
  }

  begin(plan: WritePlan): void {
    this.write(plan.writes);
  }

  protected override onWritten(_version: Version | undefined, olds: readonly (Version | undefined)[]): void {
    this.olds = olds;
    this.settle();
  }

  protected override answer(reply: ReplyWriter): void {
    const { outputBytesMax } = this.client.services.limits;
    reply.arrayHeader(this.answers.length);
    for (const answer of this.answers) {
      answer(reply, this.olds);
      if (reply.pendingBytes > outputBytesMax) return;
    }
  }
}

/** Answers an error, where it cannot be. */
function execWrites(client: RespConnection, queue: MultiQueue): ByteString | undefined {
  const plan = new WritePlan(client.services.core.state.nowMs);
  const answers: QueuedAnswer[] = [];
  for (const write of queue.writes) {
    const answer = write.fold(plan);
    if (typeof answer === "string") return `EXECABORT Transaction discarded: ${answer}`;
    answers.push(answer);
  }
  const problem = transactionProblem(plan.size, plan.bytes);
  if (problem !== undefined) return `EXECABORT Transaction discarded: ${problem}`;
  new WritesOfMulti(client, answers).begin(plan);
  return undefined;
}

export const exec: OrderedCommand = {
  name: "exec",
  arity: 1,
  flags: [],
  group: "transactions",
  since: "1.2.0",
  summary: "Executes all commands in a transaction.",
  inMulti: "atOnce",
  run(client: RespConnection): void {
    const { multi, replies } = client;
    client.multi = undefined;
    if (multi === undefined) replies.error("ERR EXEC without MULTI");
    else if (multi.failed) replies.error(queuedErrors);
    else if (multi.reads.length > 0 && multi.writes.length > 0) replies.error(mixed);
    else if (multi.reads.length > 0) new ReadsOfMulti(client, multi.reads).begin();
    else if (multi.writes.length > 0) {
      const problem = execWrites(client, multi);
      if (problem !== undefined) replies.error(problem);
    } else {
      replies.begin().arrayHeader(0);
      replies.end();
    }
  },
};
