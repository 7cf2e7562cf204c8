/*
 * EXISTS key [key ...]: how many of the keys are there; one that is named twice counts twice.
 */
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import type { Version } from "../../../protocol/version.ts";
import type { ByteString } from "../../../shared/bytes.ts";
import { allKeys } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { Gather } from "../gather.ts";
import { valueOf } from "../operation-shape.ts";
import { isSomeKeyTooLarge, keyTooLarge } from "../size-limits.ts";

class Exists extends Gather {
  private readonly args: readonly ByteString[];
  private found = 0;

  constructor(client: RespConnection, args: readonly ByteString[]) {
    super(client, args.length - 1);
    this.args = args;
  }

  protected override submit(index: number): void {
    this.client.session.read(this.args[index + 1] as ByteString, this, index);
  }

  protected override onRead(_index: number, version: Version | undefined): void {
    if (valueOf(version) !== undefined) this.found++;
  }

  protected override answer(reply: ReplyWriter): void {
    reply.integer(this.found);
  }
}

export const exists: OrderedCommand = {
  name: "exists",
  arity: -2,
  flags: ["readonly", "fast"],
  keys: allKeys,
  group: "generic",
  since: "1.0.0",
  summary: "Determines whether one or more keys exist.",
  run(client: RespConnection, args: readonly ByteString[]): void {
    if (isSomeKeyTooLarge(args, allKeys)) client.replies.error(keyTooLarge);
    else new Exists(client, args).begin();
  },
};
