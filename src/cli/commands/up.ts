/*
 * `cops up`: a development cluster on this machine (dev/run-cluster.ts), here in the terminal or detached.
 */
import type { Command } from "commander";
import { Option } from "commander";
import { dataOption, wholeNumberArgument } from "../command-options.ts";
import { dataDirectoryDefault, dataFlag, listenText, tryText } from "../dev/cluster-text.ts";
import { readClusterFile } from "../dev/cluster-file.ts";
import { detach } from "../dev/detach.ts";
import { cliArguments, commandName } from "../dev/node-command.ts";
import { runInBackground } from "../dev/run-in-background.ts";
import { runCluster } from "../dev/run-cluster.ts";
import { basePortDefault, shapeDefault, shapeProblem } from "../dev/shape.ts";
import { CliError } from "../errors.ts";
import { printLine } from "../output.ts";

interface UpOptions {
  readonly datacenters: number;
  readonly nodes: number;
  readonly partitions: number;
  readonly port: number;
  readonly data: string;
  readonly wanDelayMs: number;
  readonly restart: boolean;
  readonly detach?: true;
  readonly background?: true;
}

export function addUpCommand(program: Command): void {
  program
    .command("up")
    .description("run a development cluster on this machine, with durable storage")
    .option("--datacenters <n>", "how many datacenters", wholeNumberArgument, shapeDefault.datacenters)
    .option("--nodes <n>", "nodes in each datacenter", wholeNumberArgument, shapeDefault.nodes)
    .option("--partitions <p>", "partitions of the key space", wholeNumberArgument, shapeDefault.partitions)
    .option("--port <port>", "node n of datacenter d has RESP on port+100d+n", wholeNumberArgument, basePortDefault)
    .addOption(dataOption())
    .option("--wan-delay-ms <ms>", "delay all that goes to another datacenter", wholeNumberArgument, 0)
    .option("--no-restart", "leave a node that died as it is")
    .option("--detach", "return once every node is ready; `cops down` stops the cluster")
    .addOption(new Option("--background", "how a detached cluster runs itself").hideHelp())
    .addHelpText(
      "after",
      `\nHTTP is 30 above RESP, peers 60. ${dataDirectoryDefault}/cluster.json tells tools where all is.`,
    )
    .action(runUp);
}

async function runUp(options: UpOptions): Promise<void> {
  const { datacenters, nodes, partitions, port, data, wanDelayMs, restart } = options;
  const shape = { datacenters, nodes, partitions };
  const problem = shapeProblem(shape, port);
  if (problem !== undefined) throw new CliError("USAGE", problem);
  if (options.detach === true) return runDetached(options);
  const run = { directory: data, shape, basePort: port, wanDelayMs, restart };
  if (options.background === true) await runInBackground(run);
  else await runCluster(run);
}

async function runDetached(options: UpOptions): Promise<void> {
  const { datacenters, nodes, partitions, port, data, wanDelayMs, restart } = options;
  const values = { datacenters, nodes, partitions, port, data, "wan-delay-ms": wanDelayMs };
  const args = Object.entries(values).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const pid = await detach(data, cliArguments(["up", ...args, ...(restart ? [] : ["--no-restart"]), "--background"]));
  const file = readClusterFile(data);
  printLine(`cluster ${file.cluster} runs in the background (process ${pid})\n`);
  printLine(`${listenText(file)}\n\n${tryText(file, data)}\n`);
  printLine(`\`${commandName} down${dataFlag(data)}\` stops it.`);
}
