/*
 * DEL and UNLINK key [key ...]: deletes the keys that are there, at once, and answers how many there were. A delete is a write
 * like any other: it leaves a tombstone, ships, and causally follows what this session has seen. A key that is not there is
 * left alone, else the delete might beat a value that is on its way from another datacenter and that nobody here has seen.
 *
 *   one key     a delete on the condition that it is there
 *   more        a read transaction ──▶ one write transaction that deletes what it found, and that is what is counted: what
 *               they replace is not asked for, since that would come with the values
 *   in MULTI    deletes without a condition: nothing may hang on one there
 */
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import { conditionNone, conditionPresent } from "../../../protocol/messages/forward.ts";
import { effectDelete } from "../../../protocol/version.ts";
import type { Version } from "../../../protocol/version.ts";
import type { ByteString } from "../../../shared/bytes.ts";
import { allKeys } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { OperationShape, valueOf } from "../operation-shape.ts";
import type { QueuedCommand } from "../queued-command.ts";
import { keysProblem } from "../size-limits.ts";
import { TransactionReply } from "../transaction-reply.ts";
import { foundValue } from "../write-plan.ts";

class DeleteShape extends OperationShape {
  override writeDone(reply: ReplyWriter, version: Version | undefined): void {
    reply.integer(version === undefined ? 0 : 1);
  }
}

const shape = new DeleteShape();

class MultipleDelete extends TransactionReply {
  private readonly keys: readonly ByteString[];
  private isRead = false;
  private holds = false;
  private deleted = 0;

  constructor(client: RespConnection, keys: ReadonlySet<ByteString>) {
    super(client);
    this.keys = [...keys];
  }

  begin(): void {
    this.read(this.keys);
    if (this.isRead) return;
    this.holds = true;
    this.client.hold();
  }

  protected override onRead(versions: readonly (Version | undefined)[]): void {
    this.goOn();
    const there = this.keys.filter((_, i) => valueOf(versions[i]) !== undefined);
    this.deleted = there.length;
    if (there.length === 0) this.settle();
    else this.write(there.map(deletion));
  }

  protected override onWritten(): void {
    this.settle();
  }

  protected override onFailed(): void {
    this.goOn();
  }

  protected override answer(reply: ReplyWriter): void {
    reply.integer(this.deleted);
  }

  private goOn(): void {
    this.isRead = true;
    if (this.holds) this.client.release();
    this.holds = false;
  }
}

function deletion(key: ByteString): Parameters<RespConnection["session"]["write"]>[0] {
  const condition = conditionNone;
  return { effect: effectDelete, key, value: "", expiry: 0, condition, wantOld: false, request: undefined };
}

function run(client: RespConnection, args: readonly ByteString[]): void {
  const problem = keysProblem(args, allKeys);
  if (problem !== undefined) {
    client.replies.error(problem);
    return;
  }
  if (args.length > 2) {
    new MultipleDelete(client, new Set(args.slice(1))).begin();
    return;
  }
  const write = {
    effect: effectDelete,
    key: args[1] as ByteString,
    value: "",
    expiry: 0,
    condition: conditionPresent,
    wantOld: false,
    request: undefined,
  } as const;
  client.session.write(write, client.replies, client.replies.open(shape));
}

function queued(args: readonly ByteString[]): QueuedCommand | ByteString {
  const problem = keysProblem(args, allKeys);
  if (problem !== undefined) return problem;
  const keys = args.slice(1);
  return {
    kind: "write",
    fold(plan) {
      const found = keys.map((key) => {
        const before = plan.find(key);
        plan.delete(key);
        return before;
      });
      return (reply, olds) => reply.integer(found.filter((one) => foundValue(one, olds) !== undefined).length);
    },
  };
}

export const del: OrderedCommand = {
  name: "del",
  arity: -2,
  flags: ["write"],
  keys: allKeys,
  group: "generic",
  since: "1.0.0",
  summary: "Deletes one or more keys.",
  inMulti: queued,
  run,
};

export const unlink: OrderedCommand = {
  name: "unlink",
  arity: -2,
  flags: ["write", "fast"],
  keys: allKeys,
  group: "generic",
  since: "4.0.0",
  summary: "Deletes one or more keys; the same as DEL.",
  inMulti: queued,
  run,
};
