/*
 * `cops why KEY`: where the writes of a key stand in every datacenter, and what those wait for that are not visible yet.
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
import { CliError } from "../errors.ts";
import { printJson, printLine } from "../output.ts";
import { textOf } from "../resp-connection.ts";
import type { TargetOptions } from "../targets.ts";
import { openResp } from "../targets.ts";
import { describeWhy } from "../../server/why/describe.ts";
import type { WhyReport } from "../../server/why/report.ts";
import { byteStringOfUtf8 } from "../../shared/bytes.ts";

interface WhyOptions extends TargetOptions {
  readonly json?: true;
}

export function addWhyCommand(program: Command): void {
  program
    .command("why")
    .argument("<key>", "a key, as text")
    .description("why a key looks as it does: its versions in each datacenter, and what waiting writes wait for")
    .addOption(dataOption())
    .addOption(datacenterOption())
    .addOption(hostOption())
    .addOption(portOption())
    .addOption(passwordOption())
    .addOption(jsonOption())
    .action(runWhy);
}

async function runWhy(key: string, options: WhyOptions): Promise<void> {
  const connection = await openResp(options);
  try {
    const reply = await connection.ask("COPS.WHY", key, "JSON");
    const report = reportOf(reply);
    if (options.json === true) printJson(report);
    else for (const line of describeWhy({ ...report, key: byteStringOfUtf8(report.key) })) printLine(line);
  } finally {
    connection.close();
  }
}

function reportOf(reply: unknown): WhyReport {
  try {
    const report: unknown = typeof reply === "string" ? JSON.parse(textOf(reply)) : undefined;
    if (isReport(report)) return report;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new CliError("BAD_REPLY", "the node answered COPS.WHY with something else than a report");
}

/** The node speaks the language of its own release; this much tells a report from anything else. */
function isReport(value: unknown): value is WhyReport {
  return typeof value === "object" && value !== null && "datacenters" in value && Array.isArray(value.datacenters);
}
