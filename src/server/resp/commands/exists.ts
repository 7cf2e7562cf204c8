/*
 * EXISTS and TOUCH key [key ...]: how many of the keys are there, at one time; one that is named twice counts twice. Nothing
 * here goes by when a key was last used, so TOUCH changes nothing.
 */
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import type { Version } from "../../../protocol/version.ts";
import type { ByteString } from "../../../shared/bytes.ts";
import { allKeys } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { valueOf } from "../operation-shape.ts";
import type { QueuedCommand } from "../queued-command.ts";
import { keysProblem } from "../size-limits.ts";
import { TransactionReply } from "../transaction-reply.ts";

class Exists extends TransactionReply {
  private found = 0;

  begin(keys: readonly ByteString[]): void {
    this.read(keys);
  }

  protected override onRead(versions: readonly (Version | undefined)[]): void {
    for (const version of versions) if (valueOf(version) !== undefined) this.found++;
    this.settle();
  }

  protected override answer(reply: ReplyWriter): void {
    reply.integer(this.found);
  }
}

function run(client: RespConnection, args: readonly ByteString[]): void {
  const problem = keysProblem(args, allKeys);
  if (problem === undefined) new Exists(client).begin(args.slice(1));
  else client.replies.error(problem);
}

function queued(args: readonly ByteString[]): QueuedCommand | ByteString {
  const problem = keysProblem(args, allKeys);
  if (problem !== undefined) return problem;
  const keys = args.slice(1);
  return {
    kind: "read",
    keys,
    answer(reply, versions, from) {
      const seen = versions.slice(from, from + keys.length);
      reply.integer(seen.filter((version) => valueOf(version) !== undefined).length);
    },
  };
}

export const exists: OrderedCommand = {
  name: "exists",
  arity: -2,
  flags: ["readonly", "fast"],
  keys: allKeys,
  group: "generic",
  since: "1.0.0",
  summary: "Determines whether one or more keys exist.",
  inMulti: queued,
  run,
};

export const touch: OrderedCommand = {
  ...exists,
  name: "touch",
  since: "3.2.1",
  summary: "Returns how many of the keys exist; the same as EXISTS.",
};
