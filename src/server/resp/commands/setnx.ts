/*
 * SETNX key value: 1 when the key was not there and now is, else 0.
 */
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import { conditionAbsent } from "../../../protocol/messages/forward.ts";
import { effectAssign } from "../../../protocol/version.ts";
import type { Version } from "../../../protocol/version.ts";
import type { ByteString } from "../../../shared/bytes.ts";
import { oneKey } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { OperationShape } from "../operation-shape.ts";
import { conditionalInMulti } from "../queued-command.ts";
import { sizeProblem } from "../size-limits.ts";

class SetnxShape extends OperationShape {
  override writeDone(reply: ReplyWriter, version: Version | undefined): void {
    reply.integer(version === undefined ? 0 : 1);
  }
}

const shape = new SetnxShape();

export const setnx: OrderedCommand = {
  name: "setnx",
  arity: 3,
  flags: ["write", "denyoom", "fast"],
  keys: oneKey,
  group: "string",
  since: "1.0.0",
  summary: "Set the string value of a key only when the key doesn't exist.",
  inMulti: () => conditionalInMulti("SETNX"),
  run(client: RespConnection, args: readonly ByteString[]): void {
    const key = args[1] as ByteString;
    const value = args[2] as ByteString;
    const problem = sizeProblem(key, value);
    if (problem !== undefined) {
      client.replies.error(problem);
      return;
    }
    const condition = conditionAbsent;
    const write = {
      effect: effectAssign,
      key,
      value,
      expiry: 0,
      condition,
      wantOld: false,
      request: undefined,
    } as const;
    client.session.write(write, client.replies, client.replies.open(shape));
  },
};
