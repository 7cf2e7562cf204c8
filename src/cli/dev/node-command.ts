/*
 * How to start this very program again: as a node, or as the supervisor of a detached cluster.
 */
import { dirname, extname, join } from "node:path";
import { configKeys } from "../../server/config/config-keys.ts";

// main.ts where it runs from source, main.js where it was compiled.
const program = join(dirname(import.meta.dirname), `main${extname(import.meta.filename)}`);

export function cliArguments(args: readonly string[]): string[] {
  return [...process.execArgv, program, ...args];
}

/** What a user types to start this program. */
export const commandName: string = extname(import.meta.filename) === ".ts" ? "npx cops" : "cops";

/** The environment without settings of nodes: a development cluster is what its configuration file says. */
export function nodeEnvironment(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const settings = new Set(configKeys.map((key) => key.environment));
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !settings.has(name)));
}
