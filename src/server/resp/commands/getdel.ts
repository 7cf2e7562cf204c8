/*
 * GETDEL key: deletes the key and answers what it held, in one step of the partition's log. Nothing is written for a key that
 * is not there, but in MULTI, where nothing may hang on a condition.
 */
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import { conditionPresent } from "../../../protocol/messages/forward.ts";
import { effectDelete } from "../../../protocol/version.ts";
import type { Version } from "../../../protocol/version.ts";
import type { ByteString } from "../../../shared/bytes.ts";
import { oneKey } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { OperationShape, valueOf } from "../operation-shape.ts";
import { isKeyTooLarge, keyTooLarge } from "../size-limits.ts";
import { foundValue } from "../write-plan.ts";

class GetdelShape extends OperationShape {
  override writeDone(reply: ReplyWriter, _version: Version | undefined, old: Version | undefined): void {
    reply.bulkOrNull(valueOf(old));
  }
}

const shape = new GetdelShape();

export const getdel: OrderedCommand = {
  name: "getdel",
  arity: 2,
  flags: ["write", "fast"],
  keys: oneKey,
  group: "string",
  since: "6.2.0",
  summary: "Returns the string value of a key after deleting the key.",
  inMulti(args) {
    const key = args[1] as ByteString;
    if (isKeyTooLarge(key)) return keyTooLarge;
    return {
      kind: "write",
      fold(plan) {
        const found = plan.find(key);
        plan.delete(key);
        return (reply, olds) => reply.bulkOrNull(foundValue(found, olds));
      },
    };
  },
  run(client: RespConnection, args: readonly ByteString[]): void {
    const key = args[1] as ByteString;
    if (isKeyTooLarge(key)) {
      client.replies.error(keyTooLarge);
      return;
    }
    const condition = conditionPresent;
    const write = {
      effect: effectDelete,
      key,
      value: "",
      expiry: 0,
      condition,
      wantOld: true,
      request: undefined,
    } as const;
    client.session.write(write, client.replies, client.replies.open(shape));
  },
};
