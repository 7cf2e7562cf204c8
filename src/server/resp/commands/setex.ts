/*
 * SETEX key seconds value, PSETEX key ms value: SET with EX or PX, in an older form.
 */
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import { conditionNone } from "../../../protocol/messages/forward.ts";
import { effectAssign } from "../../../protocol/version.ts";
import type { ByteString } from "../../../shared/bytes.ts";
import { oneKey } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import { expiryAt, expiryOf } from "../expiry-arguments.ts";
import { OperationShape } from "../operation-shape.ts";
import { answerOk } from "../queued-command.ts";
import { sizeProblem } from "../size-limits.ts";

class SetexShape extends OperationShape {
  override writeDone(reply: ReplyWriter): void {
    reply.ok();
  }
}

const shape = new SetexShape();

function setexCommand(name: ByteString, unit: "ex" | "px", since: string, summary: string): OrderedCommand {
  const askedOf = (args: readonly ByteString[]): ReturnType<typeof expiryOf> =>
    sizeProblem(args[1] as ByteString, args[3] as ByteString) ?? expiryOf(unit, args[2] as ByteString, name);
  return {
    name,
    arity: 4,
    flags: ["write", "denyoom"],
    keys: oneKey,
    group: "string",
    since,
    summary,
    inMulti(args) {
      const asked = askedOf(args);
      if (typeof asked === "string") return asked;
      const key = args[1] as ByteString;
      const value = args[3] as ByteString;
      return {
        kind: "write",
        fold(plan) {
          plan.assign(key, value, expiryAt(asked, plan.nowMs));
          return answerOk;
        },
      };
    },
    run(client, args) {
      const asked = askedOf(args);
      if (typeof asked === "string") {
        client.replies.error(asked);
        return;
      }
      const write = {
        effect: effectAssign,
        key: args[1] as ByteString,
        value: args[3] as ByteString,
        expiry: expiryAt(asked, client.services.core.state.nowMs),
        condition: conditionNone,
        wantOld: false,
        request: undefined,
      } as const;
      client.session.write(write, client.replies, client.replies.open(shape));
    },
  };
}

export const setex: OrderedCommand = setexCommand(
  "setex",
  "ex",
  "2.0.0",
  "Sets the string value and expiration time of a key. Creates the key if it doesn't exist.",
);

export const psetex: OrderedCommand = setexCommand(
  "psetex",
  "px",
  "2.6.0",
  "Sets both string value and expiration time in milliseconds of a key. The key is created if it doesn't exist.",
);
