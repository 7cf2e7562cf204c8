/*
 * The program behind ./master: reads a scenario from standard input, runs it, prints what clients got, a line for each get.
 *
 * Exit codes: 0 the scenario ran to its end, 1 it could not, 2 it makes no sense (nothing was started), 128 + n signal n.
 */
import { constants } from "node:os";
import { BadScenarioError, ListenError, RunError } from "../errors.ts";
import { noteAs } from "../note.ts";
import { registerThisProcess } from "../run-directory.ts";
import { parseScenario } from "../scenario.ts";
import { ScenarioRun } from "../scenario-run.ts";

const scenarioBytesMax = 64 * 1024 * 1024;
const note = noteAs("master");

async function readScenario(): Promise<string> {
  if (process.stdin.isTTY) note("reading a scenario from the terminal; Ctrl-D ends it");
  process.stdin.setEncoding("latin1");
  let text = "";
  for await (const chunk of process.stdin) {
    text += String(chunk);
    if (text.length > scenarioBytesMax) throw new BadScenarioError([{ line: 1, message: "the scenario is too long" }]);
  }
  return text;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`, "latin1");
}

/** Ctrl-C and its kin, and a reader of the results that has gone, end the run as any other trouble does: in order. */
function endInOrder(run: ScenarioRun): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => {
      process.exitCode = 128 + constants.signals[signal];
      run.interrupt(new RunError("INTERRUPTED", `ended by ${signal}`));
    });
  }
  process.stdout.on("error", (error: Error) => {
    run.interrupt(new RunError("INTERRUPTED", `nobody reads the results: ${error.message}`, error));
  });
}

async function main(): Promise<number> {
  try {
    const steps = parseScenario(await readScenario());
    registerThisProcess("master");
    const run = new ScenarioRun({ print, note });
    endInOrder(run);
    await run.run(steps);
    return 0;
  } catch (error) {
    if (!(error instanceof BadScenarioError || error instanceof RunError || error instanceof ListenError)) throw error;
    for (const line of error.message.split("\n")) note(line);
    return error instanceof BadScenarioError ? 2 : 1;
  }
}

const code = await main();
process.exitCode ??= code;
// Every process is ended; a wait that the end of the run made pointless must not hold this one.
process.exit();
