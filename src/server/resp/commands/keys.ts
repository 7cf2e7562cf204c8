/*
 * KEYS pattern: every key that matches. It walks all keys and collects; beyond `keysReplyBytesMax` it refuses and points to SCAN.
 */
import type { ByteString } from "../../../shared/bytes.ts";
import type { ExclusiveCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { ReplyError } from "../errors.ts";
import { Glob } from "../glob.ts";

/** What a key costs in the reply beside itself. */
const headerBytes = 16;

export const keys: ExclusiveCommand = {
  name: "keys",
  arity: 2,
  flags: ["readonly"],
  group: "generic",
  since: "1.0.0",
  summary: "Returns all key names that match a pattern.",
  exclusive: true,
  async run(client: RespConnection, args: readonly ByteString[]): Promise<void> {
    const glob = new Glob(args[1] as ByteString);
    const { keysReplyBytesMax } = client.services.limits;
    const found: ByteString[] = [];
    let bytes = 0;
    await client.services.keyspace.forEach((page) => {
      for (const key of page) {
        if (!glob.matches(key)) continue;
        found.push(key);
        bytes += key.length + headerBytes;
      }
      return bytes <= keysReplyBytesMax;
    });
    if (bytes > keysReplyBytesMax) {
      throw new ReplyError(`ERR too many keys match: the reply would exceed ${keysReplyBytesMax} bytes, use SCAN`);
    }
    const reply = client.replies.begin();
    reply.arrayHeader(found.length);
    for (const key of found) reply.bulk(key);
    client.replies.end();
  },
};
