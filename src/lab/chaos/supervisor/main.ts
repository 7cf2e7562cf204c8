/*
 * What `cops up --detach` leaves in the background, with nodes as the harness planned them (cluster-plan.ts):
 *
 *     node src/lab/chaos/supervisor/main.ts PLAN_IN_JSON
 */
import { fileURLToPath } from "node:url";
import { cliArguments } from "../../../cli/dev/node-command.ts";
import { runInBackground } from "../../../cli/dev/run-in-background.ts";
import type { ClusterPlan, NodePlan } from "../cluster-plan.ts";
import { invariant } from "../../../shared/assert.ts";

const nodeProgram = fileURLToPath(new URL("../node/main.ts", import.meta.url));

const plan = JSON.parse(process.argv[2] ?? "") as ClusterPlan;

function planOf(name: string): NodePlan {
  const node = plan.nodes[name];
  invariant(node !== undefined, `${name} is planned`);
  return node;
}

function argumentsOf(name: string, configFile: string): string[] {
  const { journal, flags } = planOf(name);
  const server = ["--config", configFile, "--node", name, ...flags];
  if (journal === null) return cliArguments(["server", ...server]);
  return [...process.execArgv, nodeProgram, journal.directory, journal.isLying ? "lying" : "honest", ...server];
}

await runInBackground({
  ...plan,
  restart: true,
  nodeArguments: argumentsOf,
  nodeEnvironment: (name) => planOf(name).environment,
});
