/*
 * `npm run bench -- compare|replication|transactions|codec|log|judge [options]`: see docs/TESTING.md. Figures are for this machine at this moment; what
 * holds elsewhere is the ratio between two of them from one run.
 */
import { writeFileSync } from "node:fs";
import { benchJudge } from "./history-judge.ts";
import { benchLogAppend } from "./log-append.ts";
import { benchRespCodec } from "./resp-codec.ts";
import { compare } from "./compare/compare.ts";
import { replication } from "./replication/replication.ts";
import { transactions } from "./transactions/transactions.ts";
import { LabUsageError, labOptions, runLabCommand } from "../lab-options.ts";

const usage = `npm run bench -- compare [--rounds 3] [--requests 200000] [--dir DIR] [--profile] [--json FILE]
npm run bench -- replication [--seconds 10] [--rate 5000] [--steps 6] [--port 17500] [--dir DIR] [--json FILE]
npm run bench -- transactions [--only cost] [--rounds 3] [--requests 200000] [--profile] [--port 17500] [--dir DIR] [--json FILE]
npm run bench -- codec [--seconds 1]
npm run bench -- log [--seconds 2] [--dir DIR]
npm run bench -- judge [--operations 1000000] [--mixed]`;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(args: readonly string[]): Promise<number> {
  const options = labOptions(args, {
    rounds: "3",
    requests: "200000",
    dir: "",
    profile: false,
    mixed: false,
    seconds: "10",
    rate: "5000",
    steps: "6",
    port: "17500",
    json: "",
    only: "",
    operations: "1000000",
  });
  const directory = options.text("dir");
  const [what] = options.words;
  let results: unknown;
  if (what === "compare") {
    const [rounds, requests] = [options.number("rounds"), options.number("requests")];
    results = await compare({ rounds, requests, directory, profile: options.flag("profile") }, print);
  } else if (what === "replication") {
    const [port, seconds] = [options.number("port"), options.number("seconds")];
    const [firstRate, steps] = [options.number("rate"), options.number("steps")];
    results = await replication({ directory, port, seconds, firstRate, steps }, print);
  } else if (what === "transactions") {
    const [rounds, requests] = [options.number("rounds"), options.number("requests")];
    const [port, only, profile] = [options.number("port"), options.text("only"), options.flag("profile")];
    results = await transactions({ directory, port, rounds, requests, only, profile }, print);
  } else if (what === "codec") benchRespCodec(options.number("seconds"));
  else if (what === "log") await benchLogAppend(directory, options.number("seconds"));
  else if (what === "judge") {
    benchJudge(options.number("operations"), options.flag("mixed") ? "mixed" : "single", print);
  } else throw new LabUsageError(what === undefined ? "which benchmark?" : `there is no benchmark ${what}`);
  const file = options.text("json");
  if (file !== "") writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`);
  return 0;
}

process.exitCode = await runLabCommand(usage, main);
