/*
 * DBSIZE: how many keys this datacenter shows. Counted when asked, by a walk over all keys, all nodes at once: a count that is
 * kept at hand would have to be right across crashes, and would cost every write.
 */
import type { ExclusiveCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";

export const dbsize: ExclusiveCommand = {
  name: "dbsize",
  arity: 1,
  flags: ["readonly"],
  group: "server",
  since: "1.0.0",
  summary: "Returns the number of keys in the database, by counting them.",
  exclusive: true,
  async run(client: RespConnection): Promise<void> {
    const keys = await client.services.keyspace.count();
    client.replies.begin().integer(keys);
    client.replies.end();
  },
};
