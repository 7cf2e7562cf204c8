/*
 * SET key value [NX | XX] [GET] [EX seconds | PX ms | EXAT seconds | PXAT ms | KEEPTTL]. NX and XX are judged at the head of the
 * key's partition, in the order of its log; so is which expiry KEEPTTL keeps.
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
import { expiryAt, ExpiryOptions } from "../expiry-arguments.ts";
import type { ExpiryAsked } from "../expiry-arguments.ts";
import { OperationShape, valueOf } from "../operation-shape.ts";
import { answerOk, conditionalInMulti } from "../queued-command.ts";
import type { QueuedCommand } from "../queued-command.ts";
import { sizeProblem } from "../size-limits.ts";
import { foundValue } from "../write-plan.ts";

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

interface SetOptions {
  readonly condition: Condition;
  readonly wantOld: boolean;
  readonly expiry: ExpiryAsked;
}

const noOptions: SetOptions = { condition: conditionNone, wantOld: false, expiry: { isRelative: false, ms: 0 } };

export const set: OrderedCommand = {
  name: "set",
  arity: -3,
  flags: ["write", "denyoom"],
  keys: oneKey,
  group: "string",
  since: "1.0.0",
  summary: "Sets the string value of a key, ignoring its type. The key is created if it doesn't exist.",
  inMulti: queued,
  run(client: RespConnection, args: readonly ByteString[]): void {
    const options = args.length === 3 ? noOptions : optionsOf(args);
    const key = args[1] as ByteString;
    const value = args[2] as ByteString;
    const problem = typeof options === "string" ? options : sizeProblem(key, value);
    if (problem !== undefined) {
      client.replies.error(problem);
      return;
    }
    const { condition, wantOld, expiry: asked } = options as SetOptions;
    const expiry = expiryAt(asked, client.services.core.state.nowMs);
    const slot = client.replies.open(wantOld ? getShape : shape);
    const effect = effectAssign;
    client.session.write({ effect, key, value, expiry, condition, wantOld, request: undefined }, client.replies, slot);
  },
};

/** A text is the error to answer. */
function optionsOf(args: readonly ByteString[]): SetOptions | ByteString {
  let condition: Condition = conditionNone;
  let wantOld = false;
  const expiryOptions = new ExpiryOptions("set", "keepttl");
  for (let i = 3; i < args.length;) {
    const option = (args[i] as ByteString).toLowerCase();
    const taken = expiryOptions.take(option, args[i + 1]);
    i += Math.max(taken, 1);
    if (taken > 0) continue;
    if (option === "get") wantOld = true;
    else if (option === "nx" && condition !== conditionPresent) condition = conditionAbsent;
    else if (option === "xx" && condition !== conditionAbsent) condition = conditionPresent;
    else return syntaxError;
  }
  const expiry = expiryOptions.asked;
  return typeof expiry === "string" ? expiry : { condition, wantOld, expiry };
}

function queued(args: readonly ByteString[]): QueuedCommand | ByteString {
  const key = args[1] as ByteString;
  const value = args[2] as ByteString;
  const options = args.length === 3 ? noOptions : optionsOf(args);
  const problem = typeof options === "string" ? options : sizeProblem(key, value);
  if (problem !== undefined) return problem;
  const { condition, wantOld, expiry } = options as SetOptions;
  if (condition !== conditionNone) return conditionalInMulti("SET with NX or XX");
  return {
    kind: "write",
    fold(plan) {
      const found = wantOld ? plan.find(key) : undefined;
      plan.assign(key, value, expiryAt(expiry, plan.nowMs));
      return wantOld ? (reply, olds) => reply.bulkOrNull(foundValue(found, olds)) : answerOk;
    },
  };
}
