/*
 * `npm run bench -- transactions`: what transactions cost (cost.ts), how many read transactions need a second round
 * (second-rounds.ts), and what they notice of a datacenter that is cut off (cut-off.ts).
 */
import { BenchCluster } from "./bench-cluster.ts";
import { cost } from "./cost.ts";
import type { CostResult } from "./cost.ts";
import { cutOff } from "./cut-off.ts";
import type { CutOffResult } from "./cut-off.ts";
import { secondRounds } from "./second-rounds.ts";
import type { SecondRounds } from "./second-rounds.ts";
import { LabUsageError } from "../../lab-options.ts";

const parts = ["cost", "rounds", "cut"];
/** As in the paper. */
const shape = { datacenters: 2, nodes: 4 };

export interface TransactionsOptions {
  /** One of the parts; all of them where it is empty. */
  readonly only: string;
  readonly port: number;
  readonly rounds: number;
  readonly requests: number;
  /** For each measurement of the cluster. */
  readonly seconds: number;
  /** For each node, of the paper's workload. */
  readonly clients: number;
  readonly directory: string;
  readonly profile: boolean;
}

export interface TransactionsResult {
  readonly cost?: readonly CostResult[];
  readonly secondRounds?: readonly SecondRounds[];
  readonly cutOff?: CutOffResult;
}

export async function transactions(
  options: TransactionsOptions,
  print: (line: string) => void,
): Promise<TransactionsResult> {
  const { only } = options;
  if (only !== "" && !parts.includes(only)) {
    throw new LabUsageError(`--only is one of ${parts.join(", ")}, not ${only}`);
  }
  const isAsked = (part: string): boolean => only === "" || only === part;
  const costs = isAsked("cost") ? { cost: await cost(options, print) } : {};
  if (only === "cost") return costs;
  const { directory, port } = options;
  const cluster = await BenchCluster.start({ directory, port, ...shape });
  try {
    const rounds = isAsked("rounds") ? { secondRounds: await secondRounds(cluster, options, print) } : {};
    const cut = isAsked("cut") ? { cutOff: await cutOff(cluster, options, print) } : {};
    return { ...costs, ...rounds, ...cut };
  } finally {
    await cluster.stop();
  }
}
