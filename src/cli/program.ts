/*
 * The `cops` command line: its commands, its help, and how it ends. Slips of the fingers are told with what was meant.
 */
import { Command, CommanderError } from "commander";
import { addCheckCommand } from "./commands/check.ts";
import { addDownCommand } from "./commands/down.ts";
import { addFaultCommand } from "./commands/fault.ts";
import { addServerCommand } from "./commands/server.ts";
import { addShellCommand } from "./commands/shell.ts";
import { addStatusCommand } from "./commands/status.ts";
import { addTokenCommand } from "./commands/token.ts";
import { addUpCommand } from "./commands/up.ts";
import { addWhyCommand } from "./commands/why.ts";
import { CliError } from "./errors.ts";
import { ExitCode, exitCodesHelp } from "./exit-codes.ts";
import { printNote } from "./output.ts";
import type { StartNode } from "./run-node.ts";
import { ConfigError } from "../server/config/errors.ts";
import { startNode } from "../server/start-node.ts";

function makeProgram(version: string, start: StartNode): Command {
  const program = new Command("cops")
    .description("A geo-replicated key-value store with causal+ consistency, spoken to in the Redis protocol")
    .version(version)
    .exitOverride()
    .showSuggestionAfterError()
    .showHelpAfterError("(--help says more)")
    .helpCommand("help [command]", "what a command does")
    .addHelpText("after", `\n${exitCodesHelp}`);
  program.commandsGroup("On this machine:");
  addUpCommand(program);
  addDownCommand(program);
  program.commandsGroup("Any cluster:");
  addStatusCommand(program);
  addWhyCommand(program);
  addShellCommand(program);
  addTokenCommand(program);
  addFaultCommand(program);
  addServerCommand(program, start);
  program.commandsGroup("Recorded histories:");
  addCheckCommand(program);
  return program;
}

/**
 * Runs a command line (without the program's own name) and answers with the exit code. `start` is for those who put a node
 * on a disk of their own making.
 */
export async function runProgram(
  version: string,
  args: readonly string[],
  start: StartNode = startNode,
): Promise<ExitCode> {
  try {
    await makeProgram(version, start).parseAsync([...args], { from: "user" });
    return (process.exitCode as ExitCode | undefined) ?? ExitCode.ok;
  } catch (error) {
    return explained(error);
  }
}

function explained(error: unknown): ExitCode {
  // It has spoken already.
  if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
  if (error instanceof ConfigError) {
    printNote(error.message);
    return ExitCode.usage;
  }
  if (error instanceof CliError) {
    printNote(`cops: ${error.message}`);
    return error.exitCode;
  }
  return explainedByCode(error);
}

/** Operating errors of the server have a code and say whether another try may help; anything else is a bug. */
function explainedByCode(error: unknown): ExitCode {
  if (!(error instanceof Error)) throw error;
  if (!("code" in error) || error.name === "InvariantError") {
    printNote(error.stack ?? error.message);
    return ExitCode.failed;
  }
  // The code is what operations guides and people who search for help go by.
  const code = String(error.code);
  printNote(`cops: ${error.message.startsWith(code) ? "" : `${code} `}${error.message}`);
  return "retryable" in error && error.retryable === false ? ExitCode.refused : ExitCode.failed;
}
