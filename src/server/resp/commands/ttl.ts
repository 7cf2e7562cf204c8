/*
 * TTL, PTTL key: for how long the key is still there; EXPIRETIME, PEXPIRETIME key: until when, since 1970. In seconds, or with a
 * P in milliseconds. -1 for a key that stays, -2 for one that is not there.
 */
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import type { Version } from "../../../protocol/version.ts";
import type { ByteString } from "../../../shared/bytes.ts";
import { oneKey } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import { OperationShape, valueOf } from "../operation-shape.ts";
import { queuedReadOf } from "../queued-command.ts";
import { isKeyTooLarge, keyTooLarge } from "../size-limits.ts";

class TtlShape extends OperationShape {
  private readonly isRelative: boolean;
  private readonly unitMs: number;

  constructor(isRelative: boolean, unitMs: number) {
    super();
    this.isRelative = isRelative;
    this.unitMs = unitMs;
  }

  override readDone(reply: ReplyWriter, version: Version | undefined): void {
    reply.integer(this.answerOf(version));
  }

  private answerOf(version: Version | undefined): number {
    if (version === undefined || valueOf(version) === undefined) return -2;
    if (version.expiry === 0) return -1;
    const ms = this.isRelative ? Math.max(0, version.expiry - Date.now()) : version.expiry;
    return this.unitMs === 1 ? ms : Math.floor((ms + this.unitMs / 2) / this.unitMs);
  }
}

function ttlCommand(name: ByteString, since: string, summary: string, shape: TtlShape): OrderedCommand {
  return {
    name,
    arity: 2,
    flags: ["readonly", "fast"],
    keys: oneKey,
    group: "generic",
    since,
    summary,
    inMulti: queuedReadOf(shape),
    run(client, args) {
      const key = args[1] as ByteString;
      if (isKeyTooLarge(key)) client.replies.error(keyTooLarge);
      else client.session.read(key, client.replies, client.replies.open(shape));
    },
  };
}

export const ttl: OrderedCommand = ttlCommand(
  "ttl",
  "1.0.0",
  "Returns the expiration time in seconds of a key.",
  new TtlShape(true, 1000),
);

export const pttl: OrderedCommand = ttlCommand(
  "pttl",
  "2.6.0",
  "Returns the expiration time in milliseconds of a key.",
  new TtlShape(true, 1),
);

export const expiretime: OrderedCommand = ttlCommand(
  "expiretime",
  "7.0.0",
  "Returns the expiration time of a key as a Unix timestamp.",
  new TtlShape(false, 1000),
);

export const pexpiretime: OrderedCommand = ttlCommand(
  "pexpiretime",
  "7.0.0",
  "Returns the expiration time of a key as a Unix milliseconds timestamp.",
  new TtlShape(false, 1),
);
