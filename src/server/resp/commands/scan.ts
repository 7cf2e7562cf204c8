/*
 * SCAN cursor [MATCH pattern] [COUNT n] [TYPE type]: one step of a walk over all keys, with Redis's promise: a key that is
 * there from the first step to the last is returned. The cursor is all the state there is (keyspace.ts): it survives
 * restarts and goes to any node of the datacenter. As in Redis a step may return fewer keys than COUNT, or none.
 */
import type { ByteString } from "../../../shared/bytes.ts";
import { notAnInteger, syntaxError } from "../command.ts";
import type { ExclusiveCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { ReplyError } from "../errors.ts";
import { Glob } from "../glob.ts";
import { hashEnd } from "../../keyspace-walk.ts";

const countDefault = 10;
/** More in one step would only hold up this node's other clients. */
const countMax = 10_000;

interface ScanOptions {
  readonly glob: Glob | undefined;
  readonly count: number;
  /** False when another type than strings is asked for: then nothing matches. */
  readonly strings: boolean;
}

export const scan: ExclusiveCommand = {
  name: "scan",
  arity: -2,
  flags: ["readonly"],
  group: "generic",
  since: "2.8.0",
  summary: "Iterates over the key names in the database.",
  exclusive: true,
  async run(client: RespConnection, args: readonly ByteString[]): Promise<void> {
    const { keyspace } = client.services;
    const cursor = cursorOf(args[1] as ByteString, keyspace.partitions);
    const { glob, count, strings } = optionsOf(args);
    const step = await keyspace.scan(cursor, count);
    const found = strings ? step.keys.filter((key) => glob === undefined || glob.matches(key)) : [];
    const reply = client.replies.begin();
    reply.arrayHeader(2);
    reply.bulk(String(step.cursor));
    reply.arrayHeader(found.length);
    for (const key of found) reply.bulk(key);
    client.replies.end();
  },
};

/** Throws ReplyError. */
function cursorOf(text: ByteString, partitions: number): number {
  const cursor = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(cursor < partitions * hashEnd)) throw new ReplyError("ERR invalid cursor");
  return cursor;
}

/** Throws ReplyError. */
function optionsOf(args: readonly ByteString[]): ScanOptions {
  let glob: Glob | undefined;
  let count = countDefault;
  let strings = true;
  for (let i = 2; i < args.length; i += 2) {
    const value = args[i + 1];
    const option = (args[i] as ByteString).toLowerCase();
    if (value === undefined) throw new ReplyError(syntaxError);
    if (option === "match") glob = new Glob(value);
    else if (option === "type") strings = value.toLowerCase() === "string";
    else if (option === "count") count = countOf(value);
    else throw new ReplyError(syntaxError);
  }
  return { glob, count, strings };
}

function countOf(text: ByteString): number {
  if (!/^-?\d{1,18}$/.test(text)) throw new ReplyError(notAnInteger);
  const count = Number(text);
  if (count < 1) throw new ReplyError(syntaxError);
  return Math.min(count, countMax);
}
