/*
 * `cops shell`: Redis commands by hand, in one session whose causal context the prompt shows. In a terminal with history
 * and completion; with a pipe on standard input each line is a command, and the exit code says whether all succeeded.
 */
import { createInterface } from "node:readline/promises";
import type { Interface } from "node:readline/promises";
import type { Command } from "commander";
import { dataOption, datacenterOption, hostOption, passwordOption, portOption } from "../command-options.ts";
import { ExitCode } from "../exit-codes.ts";
import { printLine, printNote } from "../output.ts";
import { HISTORY_LINES_MAX, historyPath, readHistory, writeHistory } from "../shell-history.ts";
import { ShellSession } from "../shell-session.ts";
import type { TargetOptions } from "../targets.ts";
import { openResp } from "../targets.ts";

const endings: ReadonlySet<string> = new Set(["exit", "quit"]);

const helpText = `Any command goes to the node: SET greeting hello, GET greeting, COMMAND DOCS.
  COPS.CONTEXT           what this session has seen since its last write
  COPS.TOKEN             the same, to take elsewhere: COPS.ATTACH token
  COPS.WHY key           where a key stands in every datacenter
  exit                   or Ctrl-D`;

export function addShellCommand(program: Command): void {
  program
    .command("shell")
    .description("Redis commands by hand, in a session that shows its causal context")
    .addOption(dataOption())
    .addOption(datacenterOption())
    .addOption(hostOption())
    .addOption(portOption())
    .addOption(passwordOption())
    .addHelpText("after", `\nHistory is kept in ${historyPath({})}, or where COPS_HISTORY says.`)
    .action(runShell);
}

async function runShell(options: TargetOptions): Promise<void> {
  const session = new ShellSession(() => openResp(options));
  await session.connect();
  const isTerminal = process.stdin.isTTY;
  const path = historyPath(process.env);
  const lines = createInterface({
    input: process.stdin,
    ...(isTerminal ? { output: process.stdout, history: readHistory(path), historySize: HISTORY_LINES_MAX } : {}),
    removeHistoryDuplicates: true,
    completer: (line: string) => completions(line, session.commands),
  });
  let history: readonly string[] | undefined;
  lines.on("history", (all: string[]) => {
    history = all;
  });
  try {
    if (isTerminal) printNote(`connected to ${session.address}; "help" helps, Ctrl-D ends`);
    await loop(lines, session, isTerminal);
  } finally {
    lines.close();
    session.close();
    if (history !== undefined) writeHistory(path, history);
  }
}

async function loop(lines: Interface, session: ShellSession, isTerminal: boolean): Promise<void> {
  const prompt = (): void => {
    if (!isTerminal) return;
    lines.setPrompt(session.prompt);
    lines.prompt();
  };
  lines.on("SIGINT", () => lines.close());
  prompt();
  for await (const line of lines) {
    const word = line.trim().toLowerCase();
    if (endings.has(word)) return;
    if (word === "help") printLine(helpText);
    else await answer(line, session);
    prompt();
  }
  if (isTerminal) printLine();
}

async function answer(line: string, session: ShellSession): Promise<void> {
  const { text, failed } = await session.run(line);
  if (text !== "") printLine(text);
  if (failed && !process.stdin.isTTY) process.exitCode = ExitCode.failed;
}

/** Names of commands for the first word. */
function completions(line: string, commands: readonly string[]): [string[], string] {
  if (line.includes(" ")) return [[], line];
  const found = commands.filter((name) => name.startsWith(line.toUpperCase()));
  return [found.map((name) => `${name} `), line];
}
