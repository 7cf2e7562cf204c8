/*
 * CONFIG GET pattern [pattern ...] and CONFIG SET name value [name value ...], over the settings that exist here
 * (config-settings.ts); CONFIG RESETSTAT. There is no CONFIG REWRITE: settings that should last stand in the node's
 * configuration file.
 */
import type { ByteString } from "../../../shared/bytes.ts";
import { wrongArity } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import { configSettings } from "../config-settings.ts";
import type { RespConnection } from "../connection.ts";
import { Glob } from "../glob.ts";
import { runSubcommand, subcommandsOf } from "../subcommands.ts";
import type { Subcommand } from "../subcommands.ts";

const getSettings: Subcommand = {
  name: "get",
  arity: -3,
  usage: "GET <pattern>",
  summary: "Return parameters matching the glob-like <pattern> and their values.",
  run(client, args) {
    const patterns = args.slice(2).map((pattern) => new Glob(pattern.toLowerCase()));
    const found = [...configSettings.values()].filter(({ name }) => patterns.some((glob) => glob.matches(name)));
    const reply = client.replies.begin();
    reply.mapHeader(found.length);
    for (const setting of found) {
      reply.bulk(setting.name);
      reply.bulkUtf8(setting.get(client.services));
    }
    client.replies.end();
  },
};

const setSettings: Subcommand = {
  name: "set",
  arity: -4,
  usage: "SET <directive> <value>",
  summary: "Set the configuration <directive> to <value>, until the node is restarted.",
  run(client, args) {
    const error = args.length % 2 === 0 ? apply(client, args) : wrongArity("config|set");
    if (error !== undefined) {
      client.replies.error(error);
      return;
    }
    client.replies.begin().ok();
    client.replies.end();
  },
};

const resetStat: Subcommand = {
  name: "resetstat",
  arity: 2,
  usage: "RESETSTAT",
  summary: "Reset the statistics of this port, as INFO shows them.",
  run(client) {
    client.services.stats.reset();
    client.services.table.resetCounts();
    client.replies.begin().ok();
    client.replies.end();
  },
};

const subcommands = subcommandsOf([getSettings, setSettings, resetStat]);

export const config: OrderedCommand = {
  name: "config",
  arity: -2,
  flags: ["admin"],
  group: "server",
  since: "2.0.0",
  summary: "A container for server configuration commands.",
  run(client: RespConnection, args: readonly ByteString[]): void {
    runSubcommand("config", subcommands, client, args);
  },
};

/** All of them or none: each is judged before the first is set. */
function apply(client: RespConnection, args: readonly ByteString[]): ByteString | undefined {
  const changes: (() => void)[] = [];
  for (let i = 2; i < args.length; i += 2) {
    const name = (args[i] as ByteString).toLowerCase();
    const setting = configSettings.get(name);
    if (setting === undefined) {
      return `ERR Unknown option or number of arguments for CONFIG SET - '${args[i] as ByteString}'`;
    }
    if (setting.change === undefined) return failed(name, "can't set immutable config");
    const change = setting.change(client.services, args[i + 1] as ByteString);
    if (typeof change === "string") return failed(name, change);
    changes.push(change);
  }
  for (const change of changes) change();
  return undefined;
}

function failed(name: string, why: string): ByteString {
  return `ERR CONFIG SET failed (possibly related to argument '${name}') - ${why}`;
}
