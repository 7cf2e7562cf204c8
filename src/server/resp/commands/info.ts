/*
 * INFO [section ...]: the node's state and figures (info-sections.ts).
 */
import type { ByteString } from "../../../shared/bytes.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { infoText } from "../info-sections.ts";

export const info: OrderedCommand = {
  name: "info",
  arity: -1,
  flags: ["loading", "stale"],
  group: "server",
  since: "1.0.0",
  summary: "Returns information and statistics about the server.",
  run(client: RespConnection, args: readonly ByteString[]): void {
    const asked = args.slice(1).map((section) => section.toLowerCase());
    client.replies.begin().verbatim("txt", infoText(client.services, asked));
    client.replies.end();
  },
};
