/*
 * SELECT 0: there is one database.
 */
import type { ByteString } from "../../../shared/bytes.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";

const integer = /^-?\d{1,18}$/;

export const select: OrderedCommand = {
  name: "select",
  arity: 2,
  flags: ["fast"],
  group: "connection",
  since: "1.0.0",
  summary: "Changes the selected database; there is only database 0.",
  run(client: RespConnection, args: readonly ByteString[]): void {
    const index = args[1] as ByteString;
    if (!integer.test(index)) {
      client.replies.error("ERR invalid DB index");
    } else if (Number(index) !== 0) {
      client.replies.error("ERR DB index is out of range");
    } else {
      client.replies.begin().ok();
      client.replies.end();
    }
  },
};
