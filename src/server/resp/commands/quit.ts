/*
 * QUIT: answers what is pending, says OK, and closes.
 */
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";

export const quit: OrderedCommand = {
  name: "quit",
  arity: -1,
  flags: ["fast"],
  group: "connection",
  since: "1.0.0",
  summary: "Closes the connection.",
  beforeAuth: true,
  inMulti: "atOnce",
  run(client: RespConnection): void {
    client.replies.begin().ok();
    client.replies.end();
    client.closeAfterReplies();
  },
};
