/*
 * GET key: the value that this session sees, or null. A hot path: the parsed key goes to the core, the value into the reply.
 */
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import type { Version } from "../../../protocol/version.ts";
import type { ByteString } from "../../../shared/bytes.ts";
import { oneKey } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { OperationShape, valueOf } from "../operation-shape.ts";
import { queuedReadOf } from "../queued-command.ts";
import { isKeyTooLarge, keyTooLarge } from "../size-limits.ts";

class GetShape extends OperationShape {
  override readDone(reply: ReplyWriter, version: Version | undefined): void {
    const value = valueOf(version);
    if (value === undefined) reply.null();
    else reply.bulk(value);
  }
}

const shape = new GetShape();

export const get: OrderedCommand = {
  name: "get",
  arity: 2,
  flags: ["readonly", "fast"],
  keys: oneKey,
  group: "string",
  since: "1.0.0",
  summary: "Returns the string value of a key.",
  inMulti: queuedReadOf(shape),
  run(client: RespConnection, args: readonly ByteString[]): void {
    const key = args[1] as ByteString;
    if (isKeyTooLarge(key)) client.replies.error(keyTooLarge);
    else client.session.read(key, client.replies, client.replies.open(shape));
  },
};
