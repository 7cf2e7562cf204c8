/*
 * A walk over all keys of this datacenter as they were at one time (server/pinned-snapshots.ts):
 *
 *   COPS.SNAPSHOT OPEN                                      ──▶ [id, time]
 *   COPS.SNAPSHOT SCAN id cursor [PREFIX text] [COUNT n]    ──▶ [cursor, [[key, value, version, expiry], ...]]
 *   COPS.SNAPSHOT CLOSE id                                  ──▶ OK
 *   COPS.SNAPSHOT LIST                                      ──▶ [[id, time, age in ms, bytes kept for it here], ...]
 *
 * `version` is time/datacenter/partition, `expiry` Unix ms or 0. Nothing of it enters the connection's session.
 */
import type { ByteString } from "../../../shared/bytes.ts";
import { hashEnd } from "../../keyspace-walk.ts";
import { notAnInteger, syntaxError } from "../command.ts";
import type { ExclusiveCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { ReplyError } from "../errors.ts";

const countDefault = 100;
const countMax = 1_000;
const usage = "ERR COPS.SNAPSHOT takes OPEN, SCAN id cursor [PREFIX text] [COUNT n], CLOSE id, or LIST";

export const copsSnapshot: ExclusiveCommand = {
  name: "cops.snapshot",
  arity: -2,
  flags: ["readonly"],
  group: "cops",
  since: "0.1.0",
  summary: "Walks over all keys as they were at one time.",
  exclusive: true,
  async run(client: RespConnection, args: readonly ByteString[]): Promise<void> {
    const word = (args[1] as ByteString).toLowerCase();
    if (word === "open" && args.length === 2) await open(client);
    else if (word === "scan" && args.length >= 4) await scan(client, args);
    else if (word === "close" && args.length === 3) await close(client, args[2] as ByteString);
    else if (word === "list" && args.length === 2) list(client);
    else throw new ReplyError(usage);
  },
};

async function open(client: RespConnection): Promise<void> {
  const { id, time } = await client.services.snapshots.open();
  const reply = client.replies.begin();
  reply.arrayHeader(2);
  reply.bulk(id);
  reply.integer(time);
  client.replies.end();
}

async function scan(client: RespConnection, args: readonly ByteString[]): Promise<void> {
  const { snapshots, keyspace } = client.services;
  const id = args[2] as ByteString;
  const cursor = cursorOf(args[3] as ByteString, keyspace.partitions);
  const { prefix, count } = optionsOf(args);
  const step = await snapshots.scan(id, cursor, count, prefix);
  const reply = client.replies.begin();
  reply.arrayHeader(2);
  reply.bulk(String(step.cursor));
  reply.arrayHeader(step.entries.length);
  for (const { key, version } of step.entries) {
    reply.arrayHeader(4);
    reply.bulk(key);
    reply.bulk(version.value);
    reply.bulk(`${version.time}/${version.datacenter}/${version.partition}`);
    reply.integer(version.expiry);
  }
  client.replies.end();
}

async function close(client: RespConnection, id: ByteString): Promise<void> {
  await client.services.snapshots.close(id);
  client.replies.begin().ok();
  client.replies.end();
}

function list(client: RespConnection): void {
  const pinned = client.services.snapshots.list();
  const reply = client.replies.begin();
  reply.arrayHeader(pinned.length);
  for (const { id, time, sinceMs, bytes } of pinned) {
    reply.arrayHeader(4);
    reply.bulk(id);
    reply.integer(time);
    reply.integer(Math.floor(sinceMs));
    reply.integer(bytes);
  }
  client.replies.end();
}

/** Throws ReplyError. */
function cursorOf(text: ByteString, partitions: number): number {
  const cursor = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!(cursor < partitions * hashEnd)) throw new ReplyError("ERR invalid cursor");
  return cursor;
}

/** Throws ReplyError. */
function optionsOf(args: readonly ByteString[]): { prefix: ByteString; count: number } {
  let prefix: ByteString = "";
  let count = countDefault;
  for (let i = 4; i < args.length; i += 2) {
    const value = args[i + 1];
    const option = (args[i] as ByteString).toLowerCase();
    if (value === undefined) throw new ReplyError(syntaxError);
    if (option === "prefix") prefix = value;
    else if (option === "count") count = countOf(value);
    else throw new ReplyError(syntaxError);
  }
  return { prefix, count };
}

/** Throws ReplyError. */
function countOf(text: ByteString): number {
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) throw new ReplyError(notAnInteger);
  return Math.min(Number(text), countMax);
}
