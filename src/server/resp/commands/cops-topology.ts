/*
 * COPS.TOPOLOGY [JSON]: the cluster as this node knows it, for clients that send each key to its owner.
 */
import type { ByteString } from "../../../shared/bytes.ts";
import { syntaxError } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { writeValue } from "../write-value.ts";

export const copsTopology: OrderedCommand = {
  name: "cops.topology",
  arity: -1,
  flags: ["readonly"],
  group: "cops",
  since: "0.1.0",
  summary: "Returns the nodes of the cluster and what they own.",
  run(client: RespConnection, args: readonly ByteString[]): void {
    const isJson = args[1]?.toLowerCase() === "json";
    if (args.length > 2 || (args.length === 2 && !isJson)) {
      client.replies.error(syntaxError);
      return;
    }
    const topology = client.services.topology();
    const reply = client.replies.begin();
    if (isJson) reply.bulkUtf8(JSON.stringify(topology));
    else writeValue(reply, topology);
    client.replies.end();
  },
};
