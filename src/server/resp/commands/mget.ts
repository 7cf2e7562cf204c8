/*
 * MGET key [key ...]: the value of each key, or null. Each key is read by itself, in the order given: no transaction yet, so
 * a write may become visible between two of them; as ever, no effect is seen before its cause.
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

class MultipleGet extends Gather {
  private readonly args: readonly ByteString[];
  private readonly values: (ByteString | undefined)[];

  constructor(client: RespConnection, args: readonly ByteString[]) {
    super(client, args.length - 1);
    this.args = args;
    this.values = Array.from<ByteString | undefined>({ length: args.length - 1 });
  }

  protected override submit(index: number): void {
    this.client.session.read(this.args[index + 1] as ByteString, this, index);
  }

  protected override onRead(index: number, version: Version | undefined): void {
    this.values[index] = valueOf(version);
  }

  protected override answer(reply: ReplyWriter): void {
    const { outputBytesMax } = this.client.services.limits;
    reply.arrayHeader(this.values.length);
    for (const value of this.values) {
      reply.bulkOrNull(value);
      // The connection is dropped for it in a moment: no need to make more copies.
      if (reply.pendingBytes > outputBytesMax) return;
    }
  }
}

export const mget: OrderedCommand = {
  name: "mget",
  arity: -2,
  flags: ["readonly", "fast"],
  keys: allKeys,
  group: "string",
  since: "1.0.0",
  summary: "Returns the string values of one or more keys.",
  run(client: RespConnection, args: readonly ByteString[]): void {
    if (isSomeKeyTooLarge(args, allKeys)) client.replies.error(keyTooLarge);
    else new MultipleGet(client, args).begin();
  },
};
