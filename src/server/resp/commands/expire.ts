/*
 * EXPIRE key seconds, PEXPIRE key ms, EXPIREAT key seconds, PEXPIREAT key ms [NX | XX | GT | LT]: 1 when the key is there and now
 * expires then, else 0. Judged in the order of the partition's log; it ships as an effect on the version that it found, so a
 * newer value elsewhere keeps its own expiry. A time that is over deletes the key.
 */
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import {
  conditionExpiresLater,
  conditionExpiresSooner,
  conditionExpiring,
  conditionLasting,
  conditionNone,
  conditionPresent,
  expiryKept,
} from "../../../protocol/messages/forward.ts";
import type { Condition, WriteRequest } from "../../../protocol/messages/forward.ts";
import { effectDelete, effectExpire } from "../../../protocol/version.ts";
import type { Version } from "../../../protocol/version.ts";
import type { ByteString } from "../../../shared/bytes.ts";
import { oneKey } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { expireTimeOf, expiryAt } from "../expiry-arguments.ts";
import type { ExpiryAsked } from "../expiry-arguments.ts";
import { OperationShape } from "../operation-shape.ts";
import type { QueuedCommand } from "../queued-command.ts";
import { isKeyTooLarge, keyTooLarge } from "../size-limits.ts";
import type { PlannedKey } from "../write-plan.ts";

class ExpireShape extends OperationShape {
  override writeDone(reply: ReplyWriter, version: Version | undefined): void {
    reply.integer(version === undefined ? 0 : 1);
  }
}

const shape = new ExpireShape();

interface Unit {
  readonly name: ByteString;
  readonly isRelative: boolean;
  readonly factor: number;
}

interface ExpireOrder {
  readonly when: ExpiryAsked;
  readonly condition: Condition;
}

const conditions: ReadonlyMap<string, Condition> = new Map([
  ["nx", conditionLasting],
  ["xx", conditionExpiring],
  ["gt", conditionExpiresSooner],
  ["lt", conditionExpiresLater],
]);

/** A text is the error to answer. */
function orderOf(args: readonly ByteString[], { name, isRelative, factor }: Unit): ExpireOrder | ByteString {
  if (isKeyTooLarge(args[1] as ByteString)) return keyTooLarge;
  const condition = conditionOf(args);
  if (typeof condition === "string") return condition;
  const when = expireTimeOf(args[2] as ByteString, isRelative, factor, name);
  return typeof when === "string" ? when : { when, condition };
}

function conditionOf(args: readonly ByteString[]): Condition | ByteString {
  const given = new Set<string>();
  for (let i = 3; i < args.length; i++) {
    const option = (args[i] as ByteString).toLowerCase();
    if (!conditions.has(option)) return `ERR Unsupported option ${(args[i] as ByteString).slice(0, 128)}`;
    given.add(option);
  }
  if (given.has("nx") && given.size > 1) {
    return "ERR NX and XX, GT or LT options at the same time are not compatible";
  }
  if (given.has("gt") && given.has("lt")) return "ERR GT and LT options at the same time are not compatible";
  if (given.has("xx") && given.has("lt")) return "ERR XX and LT options at the same time are not supported";
  // Who has no expiry never expires sooner: GT says XX already.
  if (given.has("gt")) given.delete("xx");
  for (const option of given) return conditions.get(option) as Condition;
  return conditionNone;
}

function run(client: RespConnection, args: readonly ByteString[], unit: Unit): void {
  const order = orderOf(args, unit);
  if (typeof order === "string") {
    client.replies.error(order);
    return;
  }
  const { nowMs } = client.services.core.state;
  const when = expiryAt(order.when, nowMs);
  const { condition } = order;
  if (when <= nowMs && condition === conditionExpiresSooner) {
    // What is there expires later than a time that is over.
    client.replies.begin().integer(0);
    client.replies.end();
    return;
  }
  const key = args[1] as ByteString;
  const write = when > nowMs ? expiring(key, when, condition) : deleting(key, condition);
  client.session.write(write, client.replies, client.replies.open(shape));
}

function expiring(key: ByteString, expiry: number, condition: Condition): WriteRequest {
  return { effect: effectExpire, key, value: "", expiry, condition, wantOld: false, request: undefined };
}

function deleting(key: ByteString, condition: Condition): WriteRequest {
  const isOfExpiry = condition === conditionLasting || condition === conditionExpiring;
  const needed = isOfExpiry ? condition : conditionPresent;
  return { effect: effectDelete, key, value: "", expiry: 0, condition: needed, wantOld: false, request: undefined };
}

function queued(args: readonly ByteString[], unit: Unit): QueuedCommand | ByteString {
  const order = orderOf(args, unit);
  if (typeof order === "string") return order;
  const key = args[1] as ByteString;
  const { condition } = order;
  return {
    kind: "write",
    fold(plan) {
      const planned = plan.planned(key);
      if (planned === undefined) return notItsOwn(unit.name);
      if (condition !== conditionNone && planned.expiry === expiryKept) return keptUnknown(unit.name);
      const when = expiryAt(order.when, plan.nowMs);
      const holds = planned.isAlive(plan.nowMs) && conditionHolds(planned, condition, when);
      if (holds && when > plan.nowMs) planned.expiry = when;
      else if (holds) plan.delete(key);
      return (reply) => reply.integer(holds ? 1 : 0);
    },
  };
}

/** In MULTI these are for keys whose fate is in the same MULTI. */
export function notItsOwn(name: ByteString): ByteString {
  return `ERR ${name.toUpperCase()} in MULTI needs a key that the same MULTI wrote before: else all would hang on what is there`;
}

export function keptUnknown(name: ByteString): ByteString {
  return `ERR ${name.toUpperCase()} in MULTI cannot judge an expiry that SET KEEPTTL takes over`;
}

function conditionHolds({ expiry }: PlannedKey, condition: Condition, when: number): boolean {
  if (condition === conditionLasting) return expiry === 0;
  if (condition === conditionExpiring) return expiry > 0;
  if (condition === conditionExpiresSooner) return expiry > 0 && expiry < when;
  if (condition === conditionExpiresLater) return expiry === 0 || expiry > when;
  return true;
}

function expireCommand(unit: Unit, since: string, summary: string): OrderedCommand {
  return {
    name: unit.name,
    arity: -3,
    flags: ["write", "fast"],
    keys: oneKey,
    group: "generic",
    since,
    summary,
    inMulti: (args) => queued(args, unit),
    run: (client, args) => run(client, args, unit),
  };
}

export const expire: OrderedCommand = expireCommand(
  { name: "expire", isRelative: true, factor: 1000 },
  "1.0.0",
  "Sets the expiration time of a key in seconds.",
);

export const pexpire: OrderedCommand = expireCommand(
  { name: "pexpire", isRelative: true, factor: 1 },
  "2.6.0",
  "Sets the expiration time of a key in milliseconds.",
);

export const expireat: OrderedCommand = expireCommand(
  { name: "expireat", isRelative: false, factor: 1000 },
  "1.2.0",
  "Sets the expiration time of a key to a Unix timestamp.",
);

export const pexpireat: OrderedCommand = expireCommand(
  { name: "pexpireat", isRelative: false, factor: 1 },
  "2.6.0",
  "Sets the expiration time of a key to a Unix milliseconds timestamp.",
);
