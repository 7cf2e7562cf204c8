/*
 * MGET key [key ...]: the value of each key, or null, all at one time: one read transaction (design, 3.5).
 */
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import type { Version } from "../../../protocol/version.ts";
import type { ByteString } from "../../../shared/bytes.ts";
import { allKeys } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { valueOf } from "../operation-shape.ts";
import { keysProblem } from "../size-limits.ts";
import { TransactionReply } from "../transaction-reply.ts";

class MultipleGet extends TransactionReply {
  private versions: readonly (Version | undefined)[] = [];

  begin(keys: readonly ByteString[]): void {
    this.read(keys);
  }

  protected override onRead(versions: readonly (Version | undefined)[]): void {
    this.versions = versions;
    this.settle();
  }

  protected override answer(reply: ReplyWriter): void {
    const { outputBytesMax } = this.client.services.limits;
    reply.arrayHeader(this.versions.length);
    for (const version of this.versions) {
      reply.bulkOrNull(valueOf(version));
      // The connection is dropped for it in a moment: no need to make more copies.
      if (reply.pendingBytes > outputBytesMax) return;
    }
  }
}

export const mget: OrderedCommand = {
  name: "mget",
  arity: -2,
  flags: ["readonly", "fast"],
  keys: allKeys,
  group: "string",
  since: "1.0.0",
  summary: "Returns the string values of one or more keys, as of one time.",
  inMulti(args) {
    const problem = keysProblem(args, allKeys);
    if (problem !== undefined) return problem;
    const keys = args.slice(1);
    return {
      kind: "read",
      keys,
      answer(reply, versions, from) {
        reply.arrayHeader(keys.length);
        for (let i = 0; i < keys.length; i++) reply.bulkOrNull(valueOf(versions[from + i]));
      },
    };
  },
  run(client: RespConnection, args: readonly ByteString[]): void {
    const problem = keysProblem(args, allKeys);
    if (problem === undefined) new MultipleGet(client).begin(args.slice(1));
    else client.replies.error(problem);
  },
};
