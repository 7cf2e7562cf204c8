/*
 * All commands, in the order in which COMMAND lists them. A new one is a file in commands/ and a line here.
 */
import type { Command } from "./command.ts";
import { auth } from "./commands/auth.ts";
import { clientCommand } from "./commands/client.ts";
import { commandCommand } from "./commands/command-command.ts";
import { config } from "./commands/config.ts";
import { copsCas } from "./commands/cops-cas.ts";
import { copsContext } from "./commands/cops-context.ts";
import { copsGettrans } from "./commands/cops-gettrans.ts";
import { copsGetver } from "./commands/cops-getver.ts";
import { copsDelafter, copsPutafter } from "./commands/cops-putafter.ts";
import { copsPuttrans } from "./commands/cops-puttrans.ts";
import { copsSession } from "./commands/cops-session.ts";
import { copsAttach, copsMaketoken, copsOpentoken, copsToken } from "./commands/cops-token.ts";
import { copsSnapshot } from "./commands/cops-snapshot.ts";
import { copsTopology } from "./commands/cops-topology.ts";
import { copsWhy } from "./commands/cops-why.ts";
import { dbsize } from "./commands/dbsize.ts";
import { del, unlink } from "./commands/del.ts";
import { discard } from "./commands/discard.ts";
import { exec } from "./commands/exec.ts";
import { exists, touch } from "./commands/exists.ts";
import { expire, expireat, pexpire, pexpireat } from "./commands/expire.ts";
import { flushall, flushdb } from "./commands/flush.ts";
import { get } from "./commands/get.ts";
import { getdel } from "./commands/getdel.ts";
import { getex } from "./commands/getex.ts";
import { getset } from "./commands/getset.ts";
import { hello } from "./commands/hello.ts";
import { info } from "./commands/info.ts";
import { keys } from "./commands/keys.ts";
import { mget } from "./commands/mget.ts";
import { mset } from "./commands/mset.ts";
import { msetnx } from "./commands/msetnx.ts";
import { multi } from "./commands/multi.ts";
import { persist } from "./commands/persist.ts";
import { echo, ping } from "./commands/ping.ts";
import { quit } from "./commands/quit.ts";
import { randomkey } from "./commands/randomkey.ts";
import { reset } from "./commands/reset.ts";
import { scan } from "./commands/scan.ts";
import { select } from "./commands/select.ts";
import { set } from "./commands/set.ts";
import { psetex, setex } from "./commands/setex.ts";
import { setnx } from "./commands/setnx.ts";
import { strlen } from "./commands/strlen.ts";
import { expiretime, pexpiretime, pttl, ttl } from "./commands/ttl.ts";
import { type } from "./commands/type.ts";
import { unwatch, watch } from "./commands/watch.ts";

const strings: readonly Command[] = [get, set, setnx, setex, psetex, getset, getdel, getex, mget, mset, msetnx, strlen];
const keyspace: readonly Command[] = [del, unlink, exists, touch, type, scan, keys, randomkey];
const expiry: readonly Command[] = [expire, pexpire, expireat, pexpireat, ttl, pttl, expiretime, pexpiretime, persist];
const transactions: readonly Command[] = [multi, exec, discard, watch, unwatch];
const connection: readonly Command[] = [ping, echo, auth, hello, quit, reset, select, clientCommand];
const server: readonly Command[] = [commandCommand, config, info, dbsize, flushall, flushdb, copsSnapshot];
const sessions: readonly Command[] = [copsCas, copsToken, copsAttach, copsContext, copsSession, copsWhy, copsTopology];
const explicitContexts: readonly Command[] = [
  copsGetver,
  copsPutafter,
  copsDelafter,
  copsGettrans,
  copsPuttrans,
  copsMaketoken,
  copsOpentoken,
];

export const commands: readonly Command[] = [
  ...strings,
  ...keyspace,
  ...expiry,
  ...transactions,
  ...connection,
  ...server,
  ...sessions,
  ...explicitContexts,
];
