/*
 * CLIENT: what a connection says and hears about itself and the others.
 */
import type { ByteString } from "../../../shared/bytes.ts";
import { clientLine } from "../client-line.ts";
import { notAnInteger, syntaxError } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { invalidConnectionName, isConnectionName } from "../connection-name.ts";
import { runSubcommand, subcommandsOf } from "../subcommands.ts";
import type { Subcommand } from "../subcommands.ts";

const clientTypes: ReadonlySet<string> = new Set(["normal", "master", "replica", "slave", "pubsub"]);

function ok(client: RespConnection): void {
  client.replies.begin().ok();
  client.replies.end();
}

const id: Subcommand = {
  name: "id",
  arity: 2,
  usage: "ID",
  summary: "Return the ID of the current connection.",
  run(client) {
    client.replies.begin().integer(client.id);
    client.replies.end();
  },
};

const setname: Subcommand = {
  name: "setname",
  arity: 3,
  usage: "SETNAME <name>",
  summary: "Assign the name <name> to the current connection.",
  run(client, args) {
    const name = args[2] as ByteString;
    if (!isConnectionName(name)) {
      client.replies.error(invalidConnectionName);
      return;
    }
    client.name = name;
    ok(client);
  },
};

const getname: Subcommand = {
  name: "getname",
  arity: 2,
  usage: "GETNAME",
  summary: "Return the name of the current connection.",
  run(client) {
    client.replies.begin().bulkOrNull(client.name === "" ? undefined : client.name);
    client.replies.end();
  },
};

const setinfo: Subcommand = {
  name: "setinfo",
  arity: 4,
  usage: "SETINFO <option> <value>",
  summary: "Set client meta attr: lib-name or lib-ver.",
  run(client, args) {
    const attribute = (args[2] as ByteString).toLowerCase();
    const value = args[3] as ByteString;
    if (attribute !== "lib-name" && attribute !== "lib-ver") {
      client.replies.error(`ERR Unrecognized option '${args[2] as ByteString}'`);
    } else if (!isConnectionName(value)) {
      client.replies.error(`ERR ${attribute} cannot contain spaces, newlines or special characters.`);
    } else {
      if (attribute === "lib-name") client.libraryName = value;
      else client.libraryVersion = value;
      ok(client);
    }
  },
};

const info: Subcommand = {
  name: "info",
  arity: 2,
  usage: "INFO",
  summary: "Return information about the current client connection.",
  run(client) {
    client.replies.begin().verbatim("txt", clientLine(client, performance.now()));
    client.replies.end();
  },
};

const list: Subcommand = {
  name: "list",
  arity: -2,
  usage: "LIST [TYPE NORMAL] | [ID <id> [<id> ...]]",
  summary: "Return information about client connections.",
  run(client, args) {
    const chosen = chosenConnections(client, args);
    if (typeof chosen === "string") {
      client.replies.error(chosen);
      return;
    }
    const nowMs = performance.now();
    client.replies.begin().verbatim("txt", chosen.map((other) => clientLine(other, nowMs)).join(""));
    client.replies.end();
  },
};

const noEvict: Subcommand = {
  name: "no-evict",
  arity: 3,
  usage: "NO-EVICT (ON|OFF)",
  summary: "Accepted: no client is evicted here.",
  run: onOrOff,
};

const noTouch: Subcommand = {
  name: "no-touch",
  arity: 3,
  usage: "NO-TOUCH (ON|OFF)",
  summary: "Accepted: there is no access time to be left alone.",
  run: onOrOff,
};

const subcommands = subcommandsOf([id, setname, getname, setinfo, info, list, noEvict, noTouch]);

export const clientCommand: OrderedCommand = {
  name: "client",
  arity: -2,
  flags: ["admin"],
  group: "connection",
  since: "2.4.0",
  summary: "A container for client connection commands.",
  run(connection: RespConnection, args: readonly ByteString[]): void {
    runSubcommand("client", subcommands, connection, args);
  },
};

function onOrOff(connection: RespConnection, args: readonly ByteString[]): void {
  const wish = (args[2] as ByteString).toLowerCase();
  if (wish === "on" || wish === "off") ok(connection);
  else connection.replies.error(syntaxError);
}

/** A text is the error to answer. */
function chosenConnections(client: RespConnection, args: readonly ByteString[]): RespConnection[] | ByteString {
  const { connections } = client.services;
  if (args.length === 2) return [...connections.values()];
  const option = (args[2] as ByteString).toLowerCase();
  if (option === "type" && args.length === 4) {
    const kind = args[3] as ByteString;
    if (!clientTypes.has(kind.toLowerCase())) return `ERR Unknown client type '${kind}'`;
    return kind.toLowerCase() === "normal" ? [...connections.values()] : [];
  }
  if (option !== "id" || args.length === 3) return syntaxError;
  const chosen: RespConnection[] = [];
  for (const text of args.slice(3)) {
    if (!/^\d{1,15}$/.test(text)) return notAnInteger.replace("value", "client ID");
    const connection = connections.get(Number(text));
    if (connection !== undefined) chosen.push(connection);
  }
  return chosen;
}
