/*
 * `npm run bench -- compare|replication|codec|log [options]`: see docs/TESTING.md. Figures are for this machine at this moment; what
 * holds elsewhere is the ratio between two of them from one run.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { benchLogAppend } from "./log-append.ts";
import { benchRespCodec } from "./resp-codec.ts";
import { compare } from "./compare/compare.ts";
import { replication } from "./replication/replication.ts";

const usage = `npm run bench -- compare [--rounds 3] [--requests 200000] [--dir DIR] [--profile] [--json FILE]
npm run bench -- replication [--seconds 10] [--rate 5000] [--steps 6] [--port 17500] [--dir DIR] [--json FILE]
npm run bench -- codec [--seconds 1]
npm run bench -- log [--seconds 2] [--dir DIR]`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: "string", default: "3" },
    requests: { type: "string", default: "200000" },
    dir: { type: "string", default: "" },
    profile: { type: "boolean", default: false },
    seconds: { type: "string", default: "10" },
    rate: { type: "string", default: "5000" },
    steps: { type: "string", default: "6" },
    port: { type: "string", default: "17500" },
    json: { type: "string", default: "" },
  },
});

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<number> {
  const directory = values.dir;
  const [what] = positionals;
  let results: unknown;
  if (what === "compare") {
    const { rounds, requests, profile } = values;
    results = await compare({ rounds: Number(rounds), requests: Number(requests), directory, profile }, print);
  } else if (what === "replication") {
    const { seconds, rate, steps, port } = values;
    const options = {
      directory,
      port: Number(port),
      seconds: Number(seconds),
      firstRate: Number(rate),
      steps: Number(steps),
    };
    results = await replication(options, print);
  } else if (what === "codec") benchRespCodec(Number(values.seconds));
  else if (what === "log") await benchLogAppend(directory, Number(values.seconds));
  else {
    print(usage);
    return 2;
  }
  if (values.json !== "") writeFileSync(values.json, `${JSON.stringify(results, undefined, 2)}\n`);
  return 0;
}

process.exitCode = await main();
