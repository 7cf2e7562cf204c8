/*
 * DISCARD: what was queued since MULTI is forgotten.
 */
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";

export const discard: OrderedCommand = {
  name: "discard",
  arity: 1,
  flags: ["fast"],
  group: "transactions",
  since: "2.0.0",
  summary: "Discards a transaction.",
  inMulti: "atOnce",
  run(client: RespConnection): void {
    if (client.multi === undefined) {
      client.replies.error("ERR DISCARD without MULTI");
      return;
    }
    client.multi = undefined;
    client.replies.begin().ok();
    client.replies.end();
  },
};
