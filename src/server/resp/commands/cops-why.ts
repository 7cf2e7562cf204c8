/*
 * COPS.WHY key [JSON]: why a write of this key is visible where it is, and not elsewhere yet: for each datacenter the visible
 * version, and what waits for what. As a map, or as JSON text.
 */
import type { ByteString } from "../../../shared/bytes.ts";
import { oneKey, syntaxError } from "../command.ts";
import type { ExclusiveCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { ReplyError } from "../errors.ts";
import { isKeyTooLarge, keyTooLarge } from "../size-limits.ts";
import { utf8TextOf } from "../utf8-text.ts";
import { writeValue } from "../write-value.ts";

export const copsWhy: ExclusiveCommand = {
  name: "cops.why",
  arity: -2,
  flags: ["readonly"],
  keys: oneKey,
  group: "cops",
  since: "0.1.0",
  summary: "Explains where a key's writes are visible and what they wait for elsewhere.",
  exclusive: true,
  async run(client: RespConnection, args: readonly ByteString[]): Promise<void> {
    const key = args[1] as ByteString;
    const isJson = args[2]?.toLowerCase() === "json";
    if (args.length > 3 || (args.length === 3 && !isJson)) throw new ReplyError(syntaxError);
    if (isKeyTooLarge(key)) throw new ReplyError(keyTooLarge);
    const report = await client.services.why(key);
    const readable = { ...report, key: utf8TextOf(report.key) };
    const reply = client.replies.begin();
    if (isJson) reply.bulkUtf8(JSON.stringify(readable));
    else writeValue(reply, readable);
    client.replies.end();
  },
};
