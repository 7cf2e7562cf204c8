/*
 * STRLEN key: how many bytes its value has; 0 where there is none.
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

class StrlenShape extends OperationShape {
  override readDone(reply: ReplyWriter, version: Version | undefined): void {
    reply.integer(valueOf(version)?.length ?? 0);
  }
}

const shape = new StrlenShape();

export const strlen: OrderedCommand = {
  name: "strlen",
  arity: 2,
  flags: ["readonly", "fast"],
  keys: oneKey,
  group: "string",
  since: "2.2.0",
  summary: "Returns the length of a string value.",
  inMulti: queuedReadOf(shape),
  run(client: RespConnection, args: readonly ByteString[]): void {
    const key = args[1] as ByteString;
    if (isKeyTooLarge(key)) client.replies.error(keyTooLarge);
    else client.session.read(key, client.replies, client.replies.open(shape));
  },
};
