/*
 * `npm run chaos -- [--minutes M | --seconds S] [--seed N] [--faults LIST]`: see docs/TESTING.md. Ends with what was done, what
 * the clients felt and the verdict; exit code 1 when the verdict is bad.
 */
import { chaos } from "./chaos.ts";
import type { ChaosOptions, ChaosReport } from "./chaos.ts";
import { faultKinds, faultWords, whyImpossible } from "./fault-kinds.ts";
import type { FaultKind } from "./fault-kinds.ts";
import { reportLines } from "./report.ts";
import { LabUsageError, labOptions, runLabCommand } from "../lab-options.ts";
import type { LabOptions } from "../lab-options.ts";
import { shapeProblem } from "../../cli/dev/shape.ts";
import { CliError } from "../../cli/errors.ts";

const secondsDefault = 60;
const secondsMax = 24 * 3600;

const usage = `npm run chaos -- [--minutes M | --seconds ${secondsDefault}] [--seed N] [--faults LIST]
    [--datacenters 3] [--nodes 2] [--keys 24] [--rate 40] [--wan-delay-ms 50] [--port 17100] [--keep] [--lying-disks]

A cluster of real processes under a recorded load, with faults; then it heals, and what clients saw is judged.
Ctrl-C ends faults and load early, then comes the judgement; a second one leaves the cluster as it is, to be
ended by "npx cops down --data DIR/data", and mounted what was mounted.

  --faults LIST    some of these, with commas between; all of them where nothing is said; or none
${faultKinds.map((kind) => `      ${kind.padEnd(11)}${faultWords[kind]}`).join("\n")}
  --seed N         repeats the choice of faults and operations; the timing of real processes it cannot repeat
  --keys N         that all sessions share
  --rate N         operations per second of each of the six sessions in each datacenter, at most
  --keep           leave history, data and logs where they are; without it, only a bad run does
  --lying-disks    a canary: disks say synced and are not; with the fault power the verdict has to be bad

Exit codes: 0 good, 1 bad, 2 the command line is wrong.`;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function chosenFaults(text: string): FaultKind[] {
  const names = text.split(",").filter((name) => name !== "" && name !== "none");
  const unknown = names.find((name) => !faultKinds.some((kind) => kind === name));
  if (unknown !== undefined) {
    throw new LabUsageError(`no fault is called ${unknown}; there are ${faultKinds.join(", ")}`);
  }
  const chosen = faultKinds.filter((kind) => names.includes(kind));
  const reasons = chosen.map((kind) => whyImpossible(kind));
  if (chosen.length > 0 && reasons.every((why) => why !== undefined)) {
    throw new LabUsageError(`none of these faults is possible here: ${reasons.join("; ")}`);
  }
  return chosen;
}

function secondsOf(options: LabOptions): number {
  const [minutes, seconds] = [options.text("minutes"), options.text("seconds")];
  if (minutes !== "" && seconds !== "") throw new LabUsageError("either --minutes or --seconds");
  const chosen =
    minutes !== "" ? 60 * options.number("minutes") : seconds !== "" ? options.number("seconds") : secondsDefault;
  if (chosen < 1 || chosen > secondsMax) throw new LabUsageError(`a run takes 1 to ${secondsMax} seconds`);
  return chosen;
}

function positive(options: LabOptions, name: string): number {
  const value = options.number(name);
  if (value === 0) throw new LabUsageError(`--${name} is 1 or more`);
  return value;
}

/** At the first Ctrl-C; the second finds nobody who listens, and ends this process. */
function endedEarly(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      print(`${signal}: faults and load end, then the judgement`);
      controller.abort();
    });
  }
  return controller.signal;
}

/** A cluster that does not come up, on ports that are taken perhaps, is no verdict. */
async function judged(options: ChaosOptions): Promise<ChaosReport> {
  try {
    return await chaos(options);
  } catch (error) {
    if (error instanceof CliError) throw new LabUsageError(error.message, { cause: error });
    throw error;
  }
}

async function main(args: readonly string[]): Promise<number> {
  const options = labOptions(args, {
    minutes: "",
    seconds: "",
    seed: String(Date.now() % 1_000_000),
    port: "17100",
    datacenters: "3",
    nodes: "2",
    keys: "24",
    rate: "40",
    "wan-delay-ms": "50",
    faults: faultKinds.join(","),
    keep: false,
    "lying-disks": false,
  });
  const [word] = options.words;
  if (word !== undefined) throw new LabUsageError(`what is ${word}?`);
  const [datacenters, nodes, port] = [options.number("datacenters"), options.number("nodes"), options.number("port")];
  const problem =
    datacenters < 2 ? "it takes two datacenters" : shapeProblem({ datacenters, nodes, partitions: 32 }, port);
  if (problem !== undefined) throw new LabUsageError(problem);
  const [seed, seconds, faults] = [options.number("seed"), secondsOf(options), chosenFaults(options.text("faults"))];
  const [keys, rate] = [positive(options, "keys"), positive(options, "rate")];
  print(`seed ${seed}, ${seconds} s, faults: ${faults.length === 0 ? "none" : faults.join(", ")}`);
  const report = await judged({
    seed,
    seconds,
    port,
    datacenters,
    nodes,
    faults,
    keys,
    rate,
    wanDelayMs: options.number("wan-delay-ms"),
    lyingDisks: options.flag("lying-disks"),
    keep: options.flag("keep"),
    signal: endedEarly(),
    print,
  });
  for (const line of reportLines(report)) print(line);
  return report.good ? 0 : 1;
}

process.exitCode = await runLabCommand(usage, main);
