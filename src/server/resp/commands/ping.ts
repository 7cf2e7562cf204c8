/*
 * PING [message] and ECHO message: whether the connection works. Their replies keep their place among those of other commands.
 */
import type { ByteString } from "../../../shared/bytes.ts";
import { wrongArity } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";

export const ping: OrderedCommand = {
  name: "ping",
  arity: -1,
  flags: ["fast"],
  group: "connection",
  since: "1.0.0",
  summary: "Returns the server's liveliness response.",
  run(client: RespConnection, args: readonly ByteString[]): void {
    if (args.length > 2) {
      client.replies.error(wrongArity("ping"));
      return;
    }
    const reply = client.replies.begin();
    if (args.length === 1) reply.simple("PONG");
    else reply.bulk(args[1] as ByteString);
    client.replies.end();
  },
};

export const echo: OrderedCommand = {
  name: "echo",
  arity: 2,
  flags: ["fast"],
  group: "connection",
  since: "1.0.0",
  summary: "Returns the given string.",
  run(client: RespConnection, args: readonly ByteString[]): void {
    client.replies.begin().bulk(args[1] as ByteString);
    client.replies.end();
  },
};
