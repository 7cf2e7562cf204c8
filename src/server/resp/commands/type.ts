/*
 * TYPE key: "string", the one type there is so far, or "none".
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

class TypeShape extends OperationShape {
  override readDone(reply: ReplyWriter, version: Version | undefined): void {
    reply.simple(valueOf(version) === undefined ? "none" : "string");
  }
}

const shape = new TypeShape();

export const type: OrderedCommand = {
  name: "type",
  arity: 2,
  flags: ["readonly", "fast"],
  keys: oneKey,
  group: "generic",
  since: "1.0.0",
  summary: "Determines the type of value stored at a key.",
  inMulti: queuedReadOf(shape),
  run(client: RespConnection, args: readonly ByteString[]): void {
    const key = args[1] as ByteString;
    if (isKeyTooLarge(key)) client.replies.error(keyTooLarge);
    else client.session.read(key, client.replies, client.replies.open(shape));
  },
};
