/*
 * RESET: the connection as if it were new: a session of its own that has seen nothing, nothing queued, RESP2, no name, to be
 * authenticated.
 */
import type { ExclusiveCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";

export const reset: ExclusiveCommand = {
  name: "reset",
  arity: 1,
  flags: ["fast"],
  group: "connection",
  since: "6.2.0",
  summary: "Resets the connection.",
  beforeAuth: true,
  exclusive: true,
  inMulti: "atOnce",
  run(client: RespConnection): void {
    client.multi = undefined;
    client.useSession(undefined);
    client.setAuthenticated(client.services.password === undefined);
    client.name = "";
    client.libraryName = "";
    client.libraryVersion = "";
    client.replies.writer.version = 2;
    client.replies.begin().simple("RESET");
    client.replies.end();
  },
};
