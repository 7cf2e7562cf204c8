/*
 * One run of redis-benchmark, and what it reports.
 */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const runMsMax = 120_000;

export interface Load {
  readonly test: "GET" | "SET";
  /** This command instead; `__rand_int__` in it is another number of a key each time. */
  readonly command?: readonly string[];
  readonly pipeline: number;
  readonly requests: number;
  readonly clients: number;
  readonly keys: number;
  readonly valueBytes: number;
}

export interface Figures {
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export async function redisBenchmark(port: number, load: Load): Promise<Figures> {
  const { command } = load;
  const args = [
    ["-h", "127.0.0.1", "-p", String(port), "--csv"],
    command === undefined ? ["-t", load.test.toLowerCase()] : [],
    ["-n", String(load.requests), "-c", String(load.clients), "-P", String(load.pipeline)],
    ["-r", String(load.keys), "-d", String(load.valueBytes)],
    command ?? [],
  ].flat();
  const { stdout } = await run("redis-benchmark", args, { timeout: runMsMax });
  const name = command === undefined ? load.test : command.join(" ");
  const line = stdout.split("\n").find((text) => text.startsWith(`"${name}"`));
  if (line === undefined) throw new Error(`redis-benchmark reported nothing for ${name}:\n${stdout}`);
  // "test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"
  const fields = line.split(",").map((field) => Number(field.replaceAll('"', "")));
  return { requestsPerSecond: fields[1] as number, p50Ms: fields[4] as number, p99Ms: fields[6] as number };
}
