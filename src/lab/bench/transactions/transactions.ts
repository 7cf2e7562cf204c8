/*
 * `npm run bench -- transactions`: what transactions cost (cost.ts), how many read transactions need a second round
 * (second-rounds.ts), and what they notice of a datacenter that is cut off (cut-off.ts).
 */
import { cost } from "./cost.ts";
import type { CostResult } from "./cost.ts";
import { LabUsageError } from "../../lab-options.ts";

const parts = ["cost"];

export interface TransactionsOptions {
  /** One of the parts; all of them where it is empty. */
  readonly only: string;
  readonly port: number;
  readonly rounds: number;
  readonly requests: number;
  readonly directory: string;
  readonly profile: boolean;
}

export interface TransactionsResult {
  readonly cost?: readonly CostResult[];
}

export async function transactions(
  options: TransactionsOptions,
  print: (line: string) => void,
): Promise<TransactionsResult> {
  const { only } = options;
  if (only !== "" && !parts.includes(only))
    throw new LabUsageError(`--only is one of ${parts.join(", ")}, not ${only}`);
  return {
    ...(only === "" || only === "cost" ? { cost: await cost(options, print) } : {}),
  };
}
