/*
 * GETEX key [EX seconds | PX ms | EXAT seconds | PXAT ms | PERSIST]: the value, and in the same step of the partition's log
 * another expiry for it, or none. Without options it is GET. A time that is over deletes the key.
 */
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import { conditionExpiring, conditionNone, conditionPresent } from "../../../protocol/messages/forward.ts";
import type { WriteRequest } from "../../../protocol/messages/forward.ts";
import { effectDelete, effectExpire } from "../../../protocol/version.ts";
import type { Version } from "../../../protocol/version.ts";
import type { ByteString } from "../../../shared/bytes.ts";
import { oneKey } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { expiryAt, ExpiryOptions, expiryOptionsOf } from "../expiry-arguments.ts";
import { OperationShape, valueOf } from "../operation-shape.ts";
import { isKeyTooLarge, keyTooLarge } from "../size-limits.ts";

class GetexShape extends OperationShape {
  override readDone(reply: ReplyWriter, version: Version | undefined): void {
    reply.bulkOrNull(valueOf(version));
  }

  override writeDone(reply: ReplyWriter, _version: Version | undefined, old: Version | undefined): void {
    reply.bulkOrNull(valueOf(old));
  }
}

const shape = new GetexShape();

export const getex: OrderedCommand = {
  name: "getex",
  arity: -2,
  flags: ["write", "fast"],
  keys: oneKey,
  group: "string",
  since: "6.2.0",
  summary: "Returns the string value of a key after setting its expiration time.",
  run(client: RespConnection, args: readonly ByteString[]): void {
    const key = args[1] as ByteString;
    const options = new ExpiryOptions("getex", "persist");
    const asked = isKeyTooLarge(key) ? keyTooLarge : expiryOptionsOf(args, 2, options);
    if (typeof asked === "string") {
      client.replies.error(asked);
      return;
    }
    const slot = client.replies.open(shape);
    if (!options.isGiven) {
      client.session.read(key, client.replies, slot);
      return;
    }
    const { nowMs } = client.services.core.state;
    const expiry = options.persists ? 0 : expiryAt(asked, nowMs);
    const isOver = !options.persists && expiry <= nowMs;
    const write: WriteRequest = {
      effect: isOver ? effectDelete : effectExpire,
      key,
      value: "",
      expiry: isOver ? 0 : expiry,
      condition: isOver ? conditionPresent : options.persists ? conditionExpiring : conditionNone,
      wantOld: true,
      request: undefined,
    };
    client.session.write(write, client.replies, slot);
  },
};
