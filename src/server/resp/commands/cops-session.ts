/*
 * COPS.SESSION id: this connection joins the session of that name on this node, with its context and its order; several
 * connections of a client's pool are then one thread of execution. What the connection's own session had seen stays behind.
 */
import type { ByteString } from "../../../shared/bytes.ts";
import type { ExclusiveCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { isConnectionName } from "../connection-name.ts";

export const copsSession: ExclusiveCommand = {
  name: "cops.session",
  arity: 2,
  flags: ["fast"],
  group: "cops",
  since: "0.1.0",
  summary: "Joins a named session of this node.",
  exclusive: true,
  run(client: RespConnection, args: readonly ByteString[]): void {
    const name = args[1] as ByteString;
    if (name === "" || !isConnectionName(name)) {
      client.replies.error("ERR Session names are 1 to 128 characters without spaces, newlines or special characters.");
      return;
    }
    const named = client.services.sessions.join(name);
    if (named === undefined) {
      client.replies.error("BUSY too many named sessions are in use");
      return;
    }
    client.useSession(named);
    client.replies.begin().ok();
    client.replies.end();
  },
};
