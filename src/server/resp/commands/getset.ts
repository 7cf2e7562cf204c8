/*
 * GETSET key value: sets the key and answers what it replaced, in one step of the partition's log.
 */
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import { conditionNone } from "../../../protocol/messages/forward.ts";
import { effectAssign } from "../../../protocol/version.ts";
import type { Version } from "../../../protocol/version.ts";
import type { ByteString } from "../../../shared/bytes.ts";
import { oneKey } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { OperationShape, valueOf } from "../operation-shape.ts";
import { sizeProblem } from "../size-limits.ts";
import { foundValue } from "../write-plan.ts";

class GetsetShape extends OperationShape {
  override writeDone(reply: ReplyWriter, _version: Version | undefined, old: Version | undefined): void {
    reply.bulkOrNull(valueOf(old));
  }
}

const shape = new GetsetShape();

export const getset: OrderedCommand = {
  name: "getset",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  keys: oneKey,
  group: "string",
  since: "1.0.0",
  summary: "Returns the previous string value of a key after setting it to a new value.",
  inMulti(args) {
    const key = args[1] as ByteString;
    const value = args[2] as ByteString;
    const problem = sizeProblem(key, value);
    if (problem !== undefined) return problem;
    return {
      kind: "write",
      fold(plan) {
        const found = plan.find(key);
        plan.assign(key, value, 0);
        return (reply, olds) => reply.bulkOrNull(foundValue(found, olds));
      },
    };
  },
  run(client: RespConnection, args: readonly ByteString[]): void {
    const key = args[1] as ByteString;
    const value = args[2] as ByteString;
    const problem = sizeProblem(key, value);
    if (problem !== undefined) {
      client.replies.error(problem);
      return;
    }
    const condition = conditionNone;
    const write = {
      effect: effectAssign,
      key,
      value,
      expiry: 0,
      condition,
      wantOld: true,
      request: undefined,
    } as const;
    client.session.write(write, client.replies, client.replies.open(shape));
  },
};
