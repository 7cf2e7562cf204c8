/*
 * PERSIST key: 1 when the key had an expiry and now has none, else 0.
 */
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import { conditionExpiring, expiryKept } from "../../../protocol/messages/forward.ts";
import { effectExpire } from "../../../protocol/version.ts";
import type { Version } from "../../../protocol/version.ts";
import type { ByteString } from "../../../shared/bytes.ts";
import { oneKey } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { OperationShape } from "../operation-shape.ts";
import { isKeyTooLarge, keyTooLarge } from "../size-limits.ts";
import { keptUnknown, notItsOwn } from "./expire.ts";

class PersistShape extends OperationShape {
  override writeDone(reply: ReplyWriter, version: Version | undefined): void {
    reply.integer(version === undefined ? 0 : 1);
  }
}

const shape = new PersistShape();

export const persist: OrderedCommand = {
  name: "persist",
  arity: 2,
  flags: ["write", "fast"],
  keys: oneKey,
  group: "generic",
  since: "2.2.0",
  summary: "Removes the expiration time of a key.",
  inMulti(args) {
    const key = args[1] as ByteString;
    if (isKeyTooLarge(key)) return keyTooLarge;
    return {
      kind: "write",
      fold(plan) {
        const planned = plan.planned(key);
        if (planned === undefined) return notItsOwn("persist");
        if (planned.expiry === expiryKept) return keptUnknown("persist");
        const had = planned.isAlive(plan.nowMs) && planned.expiry > 0;
        if (had) planned.expiry = 0;
        return (reply) => reply.integer(had ? 1 : 0);
      },
    };
  },
  run(client: RespConnection, args: readonly ByteString[]): void {
    const key = args[1] as ByteString;
    if (isKeyTooLarge(key)) {
      client.replies.error(keyTooLarge);
      return;
    }
    const write = {
      effect: effectExpire,
      key,
      value: "",
      expiry: 0,
      condition: conditionExpiring,
      wantOld: false,
      request: undefined,
    } as const;
    client.session.write(write, client.replies, client.replies.open(shape));
  },
};
