/*
 * A node without a server, for tests of how one ends (run-node.ts): what starting, being ready and closing do.
 */
import { pino } from "pino";
import type { RunningNode } from "../run-node.ts";
import { runNode } from "../run-node.ts";
import type { NodeConfig } from "../../server/config/node-config.ts";

const [behaviour = "", shutdownTimeoutMs = "60000"] = process.argv.slice(2);

async function startNode(): Promise<RunningNode> {
  if (behaviour === "fails to start") throw new Error("it does not start");
  // Keeps the process running, as a server's sockets do.
  setInterval(() => undefined, 1000);
  return {
    ready: behaviour === "never gets ready" ? Promise.reject(new Error("not ever")) : Promise.resolve(),
    close: () => (behaviour === "does not close" ? Promise.withResolvers<void>().promise : Promise.resolve()),
  };
}

// Nothing else of it is read.
const config = { shutdownTimeoutMs: Number(shutdownTimeoutMs) } as NodeConfig;
try {
  process.exit(await runNode(config, pino({ base: null, timestamp: false }), startNode));
} catch (error) {
  process.stdout.write(`${(error as Error).message}\n`);
  process.exit(9);
}
