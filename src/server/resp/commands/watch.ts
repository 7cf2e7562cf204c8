/*
 * WATCH is refused: a transaction that only writes has nothing to watch for but what it writes itself, and for that there are
 * conditions, judged where the keys are. UNWATCH has nothing to do, and clients send it on their own.
 */
import { allKeys } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";

export const watch: OrderedCommand = {
  name: "watch",
  arity: -2,
  flags: ["fast"],
  keys: allKeys,
  group: "transactions",
  since: "2.2.0",
  summary: "Is not supported: use COPS.CAS, MSETNX or SET NX.",
  inMulti: "atOnce",
  run(client: RespConnection): void {
    if (client.multi === undefined) {
      client.replies.error(
        "ERR WATCH is not supported: use conditional writes instead (COPS.CAS, MSETNX, SET NX or XX)",
      );
    } else client.replies.error("ERR WATCH inside MULTI is not allowed");
  },
};

export const unwatch: OrderedCommand = {
  name: "unwatch",
  arity: 1,
  flags: ["fast"],
  group: "transactions",
  since: "2.2.0",
  summary: "Does nothing: no key is ever watched.",
  run(client: RespConnection): void {
    client.replies.begin().ok();
    client.replies.end();
  },
};
