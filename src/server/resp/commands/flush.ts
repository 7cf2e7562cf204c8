/*
 * FLUSHALL and FLUSHDB [ASYNC | SYNC]: deletes every key that is visible while the walk passes, as causally ordered deletes:
 * they come after what this session has seen, what the session does next comes after them, and they ship like any delete.
 * It is no moment in time: a key that somebody writes meanwhile, here or elsewhere, may survive. ASYNC and SYNC do the same:
 * OK means that every delete is durable.
 */
import type { ByteString } from "../../../shared/bytes.ts";
import { syntaxError } from "../command.ts";
import type { ExclusiveCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { ReplyError } from "../errors.ts";

async function run(client: RespConnection, args: readonly ByteString[]): Promise<void> {
  const how = args[1]?.toLowerCase();
  if (args.length > 2 || (how !== undefined && how !== "async" && how !== "sync")) throw new ReplyError(syntaxError);
  const { session } = client;
  await client.services.keyspace.flush(session.context);
  client.replies.begin().ok();
  client.replies.end();
}

export const flushall: ExclusiveCommand = {
  name: "flushall",
  arity: -1,
  flags: ["write"],
  group: "server",
  since: "1.0.0",
  summary: "Removes all keys that are visible, as causally ordered deletes.",
  exclusive: true,
  run,
};

export const flushdb: ExclusiveCommand = { ...flushall, name: "flushdb" };
