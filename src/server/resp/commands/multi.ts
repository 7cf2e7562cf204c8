/*
 * MULTI: from now on commands are queued (multi-queue.ts), until EXEC carries them out as one transaction or DISCARD forgets
 * them.
 */
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { MultiQueue } from "../multi-queue.ts";

export const multi: OrderedCommand = {
  name: "multi",
  arity: 1,
  flags: ["fast"],
  group: "transactions",
  since: "1.2.0",
  summary: "Starts a transaction.",
  inMulti: "atOnce",
  run(client: RespConnection): void {
    if (client.multi !== undefined) {
      client.replies.error("ERR MULTI calls can not be nested");
      return;
    }
    client.multi = new MultiQueue();
    client.replies.begin().ok();
    client.replies.end();
  },
};
