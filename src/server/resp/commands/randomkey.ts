/*
 * RANDOMKEY: some key, or null when there is none. Not every key has the same chance (keyspace.ts).
 */
import type { ExclusiveCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";

export const randomkey: ExclusiveCommand = {
  name: "randomkey",
  arity: 1,
  flags: ["readonly"],
  group: "generic",
  since: "1.0.0",
  summary: "Returns a random key name from the database.",
  exclusive: true,
  async run(client: RespConnection): Promise<void> {
    const key = await client.services.keyspace.random();
    client.replies.begin().bulkOrNull(key);
    client.replies.end();
  },
};
