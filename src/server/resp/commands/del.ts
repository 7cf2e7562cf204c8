/*
 * DEL and UNLINK key [key ...]: deletes each key that is there and answers how many there were. A delete is a write like
 * any other: it leaves a tombstone, ships, and causally follows what this session has seen. A key that is not there is
 * left alone: nothing is written for it.
 */
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import { conditionPresent } from "../../../protocol/messages/forward.ts";
import { effectDelete } from "../../../protocol/version.ts";
import type { Version } from "../../../protocol/version.ts";
import type { ByteString } from "../../../shared/bytes.ts";
import { allKeys } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { Gather } from "../gather.ts";
import { isSomeKeyTooLarge, keyTooLarge } from "../size-limits.ts";

class Delete extends Gather {
  private readonly args: readonly ByteString[];
  private deleted = 0;

  constructor(client: RespConnection, args: readonly ByteString[]) {
    super(client, args.length - 1);
    this.args = args;
  }

  protected override submit(index: number): void {
    const write = {
      effect: effectDelete,
      key: this.args[index + 1] as ByteString,
      value: "",
      expiry: 0,
      condition: conditionPresent,
      wantOld: false,
      request: undefined,
    } as const;
    this.client.session.write(write, this, index);
  }

  protected override onWritten(_index: number, version: Version | undefined): void {
    if (version !== undefined) this.deleted++;
  }

  protected override answer(reply: ReplyWriter): void {
    reply.integer(this.deleted);
  }
}

function run(client: RespConnection, args: readonly ByteString[]): void {
  if (isSomeKeyTooLarge(args, allKeys)) client.replies.error(keyTooLarge);
  else new Delete(client, args).begin();
}

export const del: OrderedCommand = {
  name: "del",
  arity: -2,
  flags: ["write"],
  keys: allKeys,
  group: "generic",
  since: "1.0.0",
  summary: "Deletes one or more keys.",
  run,
};

export const unlink: OrderedCommand = {
  name: "unlink",
  arity: -2,
  flags: ["write", "fast"],
  keys: allKeys,
  group: "generic",
  since: "4.0.0",
  summary: "Deletes one or more keys; the same as DEL.",
  run,
};
