/*
 * SET key value [NX | XX] [GET]. NX and XX are judged at the head of the key's partition, in the order of its log. Expiry
 * (EX, PX, EXAT, PXAT, KEEPTTL) is refused by name, never ignored: a key that should have gone and did not is worse than an
 * error.
 *
 * A hot path: without options nothing is made but what the core keeps.
 */
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import { conditionAbsent, conditionNone, conditionPresent } from "../../../protocol/messages/forward.ts";
import type { Condition } from "../../../protocol/messages/forward.ts";
import { effectAssign } from "../../../protocol/version.ts";
import type { Version } from "../../../protocol/version.ts";
import type { ByteString } from "../../../shared/bytes.ts";
import { oneKey, syntaxError } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { OperationShape, valueOf } from "../operation-shape.ts";
import { sizeProblem } from "../size-limits.ts";

class SetShape extends OperationShape {
  override writeDone(reply: ReplyWriter, version: Version | undefined): void {
    if (version === undefined) reply.null();
    else reply.ok();
  }
}

class SetGetShape extends OperationShape {
  override writeDone(reply: ReplyWriter, _version: Version | undefined, old: Version | undefined): void {
    reply.bulkOrNull(valueOf(old));
  }
}

const shape = new SetShape();
const getShape = new SetGetShape();
const expiryOptions: ReadonlySet<string> = new Set(["ex", "px", "exat", "pxat", "keepttl"]);

interface SetOptions {
  readonly condition: Condition;
  readonly wantOld: boolean;
}

const noOptions: SetOptions = { condition: conditionNone, wantOld: false };

export const set: OrderedCommand = {
  name: "set",
  arity: -3,
  flags: ["write", "denyoom"],
  keys: oneKey,
  group: "string",
  since: "1.0.0",
  summary: "Sets the string value of a key, ignoring its type. The key is created if it doesn't exist.",
  run(client: RespConnection, args: readonly ByteString[]): void {
    const options = args.length === 3 ? noOptions : optionsOf(args);
    const key = args[1] as ByteString;
    const value = args[2] as ByteString;
    const problem = typeof options === "string" ? options : sizeProblem(key, value);
    if (problem !== undefined) {
      client.replies.error(problem);
      return;
    }
    const { condition, wantOld } = options as SetOptions;
    const slot = client.replies.open(wantOld ? getShape : shape);
    const effect = effectAssign;
    client.session.write(
      { effect, key, value, expiry: 0, condition, wantOld, request: undefined },
      client.replies,
      slot,
    );
  },
};

/** A text is the error to answer. */
function optionsOf(args: readonly ByteString[]): SetOptions | ByteString {
  let condition: Condition = conditionNone;
  let wantOld = false;
  for (let i = 3; i < args.length; i++) {
    const option = (args[i] as ByteString).toLowerCase();
    if (option === "get") wantOld = true;
    else if (option === "nx" && condition !== conditionPresent) condition = conditionAbsent;
    else if (option === "xx" && condition !== conditionAbsent) condition = conditionPresent;
    else if (expiryOptions.has(option)) {
      return `ERR SET option ${option.toUpperCase()} is not supported: this version has no expiry`;
    } else return syntaxError;
  }
  return { condition, wantOld };
}
