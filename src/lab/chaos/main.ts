/*
 * `npm run chaos -- [--seconds N] [--seed N] [--faults kill,cut,...]`: see docs/TESTING.md. Ends with what was done, what the
 * clients felt and the verdict; exit code 1 when the verdict is bad.
 */
import { parseArgs } from "node:util";
import { chaos } from "./chaos.ts";
import type { ChaosReport } from "./chaos.ts";
import { faultKinds } from "./faults.ts";
import type { FaultKind } from "./faults.ts";

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    port: { type: "string", default: "17100" },
    datacenters: { type: "string", default: "3" },
    nodes: { type: "string", default: "2" },
    keys: { type: "string", default: "24" },
    "wan-delay-ms": { type: "string", default: "50" },
    faults: { type: "string", default: faultKinds.join(",") },
  },
});

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function chosenFaults(): FaultKind[] {
  const names = values.faults.split(",").filter((name) => name !== "");
  const unknown = names.find((name) => !faultKinds.some((kind) => kind === name));
  if (unknown !== undefined) throw new Error(`no fault is called ${unknown}; there are ${faultKinds.join(", ")}`);
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

const report = await chaos({
  seed: Number(values.seed),
  seconds: Number(values.seconds),
  port: Number(values.port),
  datacenters: Number(values.datacenters),
  nodes: Number(values.nodes),
  keys: Number(values.keys),
  wanDelayMs: Number(values["wan-delay-ms"]),
  faults: chosenFaults(),
  print,
});
process.exitCode = tell(report) ? 0 : 1;
