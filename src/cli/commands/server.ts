/*
 * `cops server`: one node, as an operator runs it. Every setting of the configuration file is a flag here too.
 */
import { writeSync } from "node:fs";
import type { Command } from "commander";
import { Option } from "commander";
import type { Logger } from "pino";
import { printJson } from "../output.ts";
import type { StartNode } from "../run-node.ts";
import { runNode } from "../run-node.ts";
import type { ConfigKey } from "../../server/config/config-keys.ts";
import { configJsonSchema, configKeys } from "../../server/config/config-keys.ts";
import { loadConfig } from "../../server/config/load-config.ts";
import { createLogger } from "../../server/logging.ts";

type ServerOptions = Readonly<Record<string, string | boolean | undefined>>;

export function addServerCommand(program: Command, startNode: StartNode): void {
  const command = program
    .command("server")
    .description("run one node of a cluster")
    .option("--config <file>", "the cluster's configuration, YAML or JSON (env: COPS_CONFIG)")
    .option("--check", "only say whether the configuration is right")
    .option("--print-schema", "print the JSON Schema of the configuration file");
  const options = new Map(configKeys.map((key) => [key, optionOf(key)]));
  for (const option of options.values()) command.addOption(option);
  command.addHelpText(
    "after",
    "\nFlags go over the environment, and that over the file. SIGTERM stops the node in order.",
  );
  command.action(async (given: ServerOptions) => runServer(given, flagsOf(given, options), startNode));
}

function optionOf({ flag, description, environment, fallback, isBoolean }: ConfigKey): Option {
  const more = fallback === undefined ? "" : `, default: ${fallback}`;
  return new Option(`${flag} ${isBoolean ? "[true|false]" : "<value>"}`, `${description} (env: ${environment}${more})`);
}

/** Texts by key; a boolean flag without a value is true. */
function flagsOf(given: ServerOptions, options: ReadonlyMap<ConfigKey, Option>): Map<string, string> {
  const flags = new Map<string, string>();
  for (const [key, option] of options) {
    const value = given[option.attributeName()];
    if (value !== undefined) flags.set(key.name, String(value));
  }
  return flags;
}

async function runServer(
  given: ServerOptions,
  flags: ReadonlyMap<string, string>,
  startNode: StartNode,
): Promise<void> {
  if (given["printSchema"] === true) {
    printJson(configJsonSchema());
    return;
  }
  const file = given["config"] ?? process.env["COPS_CONFIG"];
  const { config, warnings } = await loadConfig({
    file: typeof file === "string" ? file : undefined,
    environment: process.env,
    flags,
  });
  if (given["check"] === true) return;
  const logger = createLogger({
    level: config.logLevel,
    node: config.node.name,
    datacenter: config.datacenter.name,
  });
  for (const warning of warnings) logger.warn(warning);
  endOnBugs(logger);
  // Handles of a node that did not close in time would keep the process.
  process.exit(await runNode(config, logger, startNode));
}

/** What nobody catches is a bug: it goes to the log, and the process does not go on from there. */
function endOnBugs(logger: Logger): void {
  process.on("uncaughtException", (error: NodeJS.ErrnoException, origin) => {
    // Whoever read the log has gone: a supervisor, which is a reason to stop in order, or a pager, which is none.
    if (error.code === "EPIPE" && error.syscall === "write") return;
    logger.fatal({ err: error, origin }, "ended by an error that nothing handles");
    writeSync(process.stderr.fd, `${error.stack ?? error.message}\n`);
    process.exit(1);
  });
}
