/*
 * A development cluster from its first node to its last: open the directory, start everything, show it, and stop in order
 * when asked to. `cops up` runs this in the terminal; with --detach a process in the background does.
 */
import { clusterScreen } from "./cluster-screen.ts";
import type { DevClusterOptions, NodeArguments, NodeEnvironment } from "./dev-cluster.ts";
import { DevCluster } from "./dev-cluster.ts";
import { Supervisor } from "./supervisor.ts";
import { StopSignals } from "../stop-signals.ts";

export interface RunClusterOptions extends DevClusterOptions {
  readonly restart: boolean;
  /** Called once every node is ready. */
  readonly onReady?: () => void;
  /** What a node is started with; this program's `server` command unless told. */
  readonly nodeArguments?: NodeArguments;
  readonly nodeEnvironment?: NodeEnvironment;
}

/** Resolves when the cluster has been stopped. Rejects with CliError when it cannot start. */
export async function runCluster(options: RunClusterOptions): Promise<void> {
  const signals = new StopSignals({ withParent: false });
  const cluster = await DevCluster.open(options);
  const screen = clusterScreen(cluster);
  const supervisor = new Supervisor({
    nodes: cluster.specs(options.nodeArguments, options.nodeEnvironment),
    restart: options.restart,
    onChange: (node) => {
      cluster.recordPid(node.name, node.pid);
      screen.onChange(node);
    },
    onExit: (node, exit) => screen.onExit(node, exit),
  });
  signals.onImpatient = (): void => supervisor.killAll();
  let end = "";
  try {
    screen.start(supervisor);
    supervisor.start();
    await Promise.race([supervisor.ready, signals.asked]);
    if (!signals.wasAsked) {
      cluster.expectData();
      screen.onReady();
      options.onReady?.();
    }
    screen.onStopping(await signals.asked);
    end = `stopped; the data stay in ${cluster.directory}`;
  } finally {
    await supervisor.stop();
    screen.end(end);
    await cluster.close();
    signals.dispose();
  }
}
