/*
 * `npm run chaos -- [--seconds N] [--seed N] [--faults kill,cut,...]`: see docs/TESTING.md. Ends with what was done, what the
 * clients felt and the verdict; exit code 1 when the verdict is bad.
 */
import { chaos } from "./chaos.ts";
import type { ChaosReport } from "./chaos.ts";
import { faultKinds } from "./faults.ts";
import type { FaultKind } from "./faults.ts";
import { LabUsageError, labOptions, runLabCommand } from "../lab-options.ts";

const usage = `npm run chaos -- [--seconds 60] [--seed N] [--faults ${faultKinds.join(",")}] [--datacenters 3] [--nodes 2]
  [--keys 24] [--wan-delay-ms 50] [--port 17100]`;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function chosenFaults(text: string): FaultKind[] {
  const names = text.split(",").filter((name) => name !== "");
  const unknown = names.find((name) => !faultKinds.some((kind) => kind === name));
  if (unknown !== undefined) {
    throw new LabUsageError(`no fault is called ${unknown}; there are ${faultKinds.join(", ")}`);
  }
  return faultKinds.filter((kind) => names.includes(kind));
}

function counted(counts: ReadonlyMap<string, number>): string {
  return counts.size === 0 ? "none" : [...counts].map(([name, count]) => `${name} ${count}`).join(", ");
}

function tell({ check, converged, felt, faults }: ChaosReport): boolean {
  print(`faults: ${counted(faults)}`);
  print(`operations: ${felt.operations}; errors: ${counted(felt.errors)}; slowest: ${felt.latencyMsMax.toFixed(0)} ms`);
  print(`history: ${JSON.stringify(check.stats)}`);
  print(converged ? "all datacenters hold the same" : "DATACENTERS DIFFER");
  for (const { rule, message, cycle } of check.violations) print(`${rule}: ${message}\n  ${cycle.join("\n  ")}`);
  const good = converged && check.violations.length === 0;
  print(good ? "causal+ holds" : "VIOLATED");
  return good;
}

async function main(args: readonly string[]): Promise<number> {
  const options = labOptions(args, {
    seconds: "60",
    seed: String(Date.now() % 1_000_000),
    port: "17100",
    datacenters: "3",
    nodes: "2",
    keys: "24",
    "wan-delay-ms": "50",
    faults: faultKinds.join(","),
  });
  const report = await chaos({
    seed: options.number("seed"),
    seconds: options.number("seconds"),
    port: options.number("port"),
    datacenters: options.number("datacenters"),
    nodes: options.number("nodes"),
    keys: options.number("keys"),
    wanDelayMs: options.number("wan-delay-ms"),
    faults: chosenFaults(options.text("faults")),
    print,
  });
  return tell(report) ? 0 : 1;
}

process.exitCode = await runLabCommand(usage, main);
