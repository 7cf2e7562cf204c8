/*
 * `cops status`: every node of every datacenter, as it says itself.
 */
import type { Command } from "commander";
import { dataOption, hostOption, jsonOption, passwordOption, portOption } from "../command-options.ts";
import { ExitCode } from "../exit-codes.ts";
import { keptTable } from "../kept-table.ts";
import { nodeReports } from "../node-reports.ts";
import { printJson, printLine, printNote } from "../output.ts";
import { statusTable } from "../status-table.ts";
import type { TargetOptions } from "../targets.ts";
import { findCluster } from "../targets.ts";

interface StatusOptions extends TargetOptions {
  readonly json?: true;
  readonly kept?: true;
}

export function addStatusCommand(program: Command): void {
  program
    .command("status")
    .description("how each node is: replication lag, waiting writes, log, links")
    .addOption(dataOption())
    .addOption(hostOption())
    .addOption(portOption())
    .addOption(passwordOption())
    .option("--kept", "what each node keeps for later, and what holds it back")
    .addOption(jsonOption())
    .addHelpText("after", "\nExit code 0: all nodes are ready; 1: some are not; 3: none answers.")
    .action(runStatus);
}

async function runStatus(options: StatusOptions): Promise<void> {
  const { cluster, password } = await findCluster(options);
  const reports = await nodeReports(cluster, { password });
  if (options.json === true) printJson({ cluster: cluster.cluster, nodes: reports });
  else printLine(options.kept === true ? keptTable(reports) : statusTable(reports));
  const ready = reports.filter(({ status }) => status?.ready === true).length;
  process.exitCode = ready === reports.length ? ExitCode.ok : ExitCode.failed;
  if (reports.some(({ up }) => up)) return;
  process.exitCode = ExitCode.unreachable;
  printNote(`cops: no node of cluster ${cluster.cluster} answers; \`cops up\` starts a development cluster`);
}
