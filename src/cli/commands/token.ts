/*
 * `cops token`: takes a causal token, or looks into one.
 */
import type { Command } from "commander";
import {
  dataOption,
  datacenterOption,
  hostOption,
  jsonOption,
  passwordOption,
  portOption,
} from "../command-options.ts";
import { readDevConfig } from "../dev/dev-config.ts";
import { printJson, printLine } from "../output.ts";
import { textOf } from "../resp-connection.ts";
import type { TargetOptions } from "../targets.ts";
import { openResp } from "../targets.ts";
import type { TokenDependency, TokenFacts } from "../token-facts.ts";
import { tokenFacts } from "../token-facts.ts";

export function addTokenCommand(program: Command): void {
  const token = program.command("token").description("causal tokens: what a session has seen, made portable");
  token
    .command("inspect")
    .argument("<token>", "as COPS.TOKEN gave it")
    .description("what a token says; its signature is checked where the cluster's secret is at hand (--data)")
    .addOption(dataOption())
    .addOption(jsonOption())
    .action(runInspect);
  token
    .command("wait")
    .argument("<token>", "as COPS.TOKEN gave it")
    .description("wait until everything that a token has seen is applied in a datacenter")
    .addOption(dataOption())
    .addOption(datacenterOption())
    .addOption(hostOption())
    .addOption(portOption())
    .addOption(passwordOption())
    .action(runWait);
}

function runInspect(text: string, options: { readonly data: string; readonly json?: true }): void {
  const facts = tokenFacts(text, (cluster) => secretOf(options.data, cluster));
  if (options.json === true) printJson(facts);
  else printLine(factsText(facts));
}

/** The development cluster's secret, when the token is of that cluster. */
function secretOf(directory: string, cluster: string): string | undefined {
  const found = readDevConfig(directory)?.cluster;
  const secret = found?.id === cluster ? found["secret"] : undefined;
  return typeof secret === "string" ? secret : undefined;
}

function factsText(facts: TokenFacts): string {
  const { cluster, datacenter, floor, floorTime, signature, dots, prefixes } = facts;
  return [
    `cluster     ${cluster}`,
    `issued in   datacenter ${datacenter}`,
    `floor       ${floor} (${floorTime})`,
    `signature   ${signature}`,
    `dots        ${dots.length}${listText(dots, "")}`,
    `prefixes    ${prefixes.length}${listText(prefixes, "up to ")}`,
  ].join("\n");
}

function listText(dependencies: readonly TokenDependency[], before: string): string {
  return dependencies
    .map(({ datacenter, partition, seq }) => `\n  ${before}${datacenter}/${partition}/${seq}`)
    .join("");
}

async function runWait(text: string, options: TargetOptions): Promise<void> {
  const connection = await openResp(options);
  try {
    const reply = await connection.ask("COPS.ATTACH", text);
    printLine(typeof reply === "string" ? textOf(reply) : "OK");
  } finally {
    connection.close();
  }
}
