/*
 * `cops fault`: cuts and delays the links between two datacenters, at both ends, through the fault layer of each node.
 * Nodes act on their own links only, so every node of both datacenters is told; one that cannot be told is named, and
 * the command fails, with the others told already: asking again does no harm.
 */
import type { Command } from "commander";
import { z } from "zod";
import {
  dataOption,
  hostOption,
  jsonOption,
  passwordOption,
  portOption,
  wholeNumberArgument,
} from "../command-options.ts";
import type { ClusterDatacenter, ClusterNode } from "../dev/cluster-file.ts";
import { CliError } from "../errors.ts";
import { durationText } from "../figures.ts";
import { requestJson } from "../http-client.ts";
import { printJson, printLine } from "../output.ts";
import { tableText } from "../tables.ts";
import type { ClusterTarget, TargetOptions } from "../targets.ts";
import { datacenterNamed, findCluster } from "../targets.ts";
import type { FaultAnswer, FaultRequest } from "../../server/http/fault-messages.ts";

interface FaultOptions extends TargetOptions {
  readonly json?: true;
}

const refusalSchema = z.looseObject({ error: z.looseObject({ code: z.string(), message: z.string() }) });

/** One end of a link: whom to tell what. */
interface Order {
  readonly datacenter: ClusterDatacenter;
  readonly request: FaultRequest;
}

export function addFaultCommand(program: Command): void {
  const fault = program
    .command("fault")
    .description("cut and delay the links between datacenters of a cluster that allows it, as `cops up` does");
  addTargetOptions(fault.command("cut").argument("<a>", "a datacenter").argument("<b>", "another one"))
    .description("cut the links between two datacenters")
    .action((a: string, b: string, options: FaultOptions) =>
      orderBoth(a, b, options, (datacenter) => ({ action: "cut", datacenter })),
    );
  addTargetOptions(
    fault
      .command("delay")
      .argument("<a>", "a datacenter")
      .argument("<b>", "another one")
      .argument("<ms>", "how long each way takes", wholeNumberArgument),
  )
    .description("delay what goes between two datacenters, each way")
    .action((a: string, b: string, delayMs: number, options: FaultOptions) =>
      orderBoth(a, b, options, (datacenter) => ({ action: "delay", datacenter, delayMs })),
    );
  addTargetOptions(fault.command("heal").argument("[a]", "a datacenter").argument("[b]", "another one"))
    .description("end cuts and delays between two datacenters, or everywhere")
    .action(runHeal);
  addTargetOptions(fault.command("list"))
    .description("the faults of every node")
    .action((options: FaultOptions) => runList(options));
}

function addTargetOptions(command: Command): Command {
  const options = [dataOption(), hostOption(), portOption(), passwordOption(), jsonOption()];
  for (const option of options) command.addOption(option);
  return command;
}

async function orderBoth(
  a: string,
  b: string,
  options: FaultOptions,
  requestFor: (datacenter: number) => FaultRequest,
): Promise<void> {
  const target = await findCluster(options);
  const [one, other] = [datacenterNamed(target.cluster, a), datacenterNamed(target.cluster, b)];
  if (one === other) throw new CliError("USAGE", "a link is between two different datacenters");
  const orders = [
    { datacenter: one, request: requestFor(other.index) },
    { datacenter: other, request: requestFor(one.index) },
  ];
  await carryOut(target, orders, options);
}

async function runHeal(a: string | undefined, b: string | undefined, options: FaultOptions): Promise<void> {
  if (a !== undefined && b !== undefined) {
    await orderBoth(a, b, options, (datacenter) => ({ action: "heal", datacenter }));
    return;
  }
  if (a !== undefined) throw new CliError("USAGE", "heal needs two datacenters, or none for all links");
  const target = await findCluster(options);
  const orders = target.cluster.datacenters.map((datacenter) => ({ datacenter, request: { action: "heal" } as const }));
  await carryOut(target, orders, options);
}

async function runList(options: FaultOptions): Promise<void> {
  const target = await findCluster(options);
  const found = await Promise.all(
    target.cluster.datacenters.flatMap(({ nodes }) => nodes.map((node) => faultsOf(node, target, undefined))),
  );
  print(found, target, options);
}

async function carryOut(target: ClusterTarget, orders: readonly Order[], options: FaultOptions): Promise<void> {
  const told = await Promise.allSettled(
    orders.flatMap(({ datacenter, request }) => datacenter.nodes.map((node) => faultsOf(node, target, request))),
  );
  const failed = told.find((outcome) => outcome.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  const found = told.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
  print(found, target, options);
}

interface NodeFaults extends FaultAnswer {
  readonly node: string;
}

async function faultsOf(
  node: ClusterNode,
  { password }: ClusterTarget,
  body: FaultRequest | undefined,
): Promise<NodeFaults> {
  const method = body === undefined ? "GET" : "POST";
  const answer = await requestJson(method, node.http, "/faults", { password, ...(body === undefined ? {} : { body }) });
  if (answer.status === 200 && isFaultAnswer(answer.body)) return { node: node.name, faults: answer.body.faults };
  const { code, message } = refusalSchema.safeParse(answer.body).data?.error ?? { code: "", message: "" };
  if (code === "FAULTS_NOT_ALLOWED") throw new CliError("FAULTS_NOT_ALLOWED", `${node.name}: ${message}`);
  throw new CliError("REPLY_ERROR", `${node.name} answered ${answer.status} ${message}`);
}

function isFaultAnswer(value: unknown): value is FaultAnswer {
  return typeof value === "object" && value !== null && "faults" in value && Array.isArray(value.faults);
}

function print(found: readonly NodeFaults[], { cluster }: ClusterTarget, { json }: FaultOptions): void {
  if (json === true) {
    printJson({ nodes: found });
    return;
  }
  const rows = found.flatMap(({ node, faults }) =>
    faults
      .filter(({ cut, delayMs }) => cut || delayMs > 0)
      .map(({ datacenter, cut, delayMs, since }) => {
        const name = cluster.datacenters.find(({ index }) => index === datacenter)?.name ?? String(datacenter);
        return [node, name, cut ? "cut" : "-", durationText(delayMs), durationText(Math.max(0, Date.now() - since))];
      }),
  );
  printLine(rows.length === 0 ? "no faults" : tableText(["NODE", "TO", "CUT", "DELAY", "FOR"], rows));
}
