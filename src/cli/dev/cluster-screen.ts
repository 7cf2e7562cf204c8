/*
 * How a running development cluster shows itself: in a terminal a table that is drawn anew each second, elsewhere (a pipe,
 * a log, a detached supervisor) one line per event.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { DevCluster } from "./dev-cluster.ts";
import { listenText, tryText } from "./cluster-text.ts";
import type { NodeExit, SupervisedNode } from "./supervised-node.ts";
import { exitText } from "./supervised-node.ts";
import type { Supervisor } from "./supervisor.ts";
import { durationText } from "../figures.ts";
import { LiveDisplay } from "../live-display.ts";
import { nodeReports } from "../node-reports.ts";
import { statusTable } from "../status-table.ts";

const REFRESH_MS = 1000;
const STATUS_TIMEOUT_MS = 800;

export interface ClusterScreen {
  /** A node changed its state. */
  onChange(node: SupervisedNode): void;
  onExit(node: SupervisedNode, exit: NodeExit): void;
  /** All nodes are ready. */
  onReady(): void;
  onStopping(why: string): void;
  /** Shows the supervisor's nodes from now on. */
  start(supervisor: Supervisor): void;
  /** The last word. */
  end(text: string): void;
}

export function clusterScreen(cluster: DevCluster): ClusterScreen {
  return process.stdout.isTTY ? new TerminalScreen(cluster) : new LineScreen(cluster);
}

function exitLine(node: SupervisedNode, exit: NodeExit): string {
  const next = node.state === "waiting" ? `starting again in ${durationText(node.restartDelayMs)}` : "it stays down";
  return `${node.name} ended (${exitText(exit)}); ${next}; see ${node.output.path}`;
}

class LineScreen implements ClusterScreen {
  readonly #cluster: DevCluster;

  constructor(cluster: DevCluster) {
    this.#cluster = cluster;
  }

  onChange({ name, state, pid, output }: SupervisedNode): void {
    if (state === "starting") this.#print(`${name} starting (pid ${pid ?? "-"}, output in ${output.path})`);
    if (state === "ready") this.#print(`${name} ready (pid ${pid ?? "-"})`);
  }

  onExit(node: SupervisedNode, exit: NodeExit): void {
    this.#print(node.state === "stopped" ? `${node.name} stopped` : exitLine(node, exit));
  }

  onReady(): void {
    const { file, directory } = this.#cluster;
    this.#print(
      `all ${file.datacenters.length} datacenters are ready\n\n${listenText(file)}\n\n${tryText(file, directory)}\n`,
    );
  }

  onStopping(why: string): void {
    this.#print(`stopping (${why})`);
  }

  start(): void {
    const { file, directory } = this.#cluster;
    this.#print(`cluster ${file.cluster} on ${directory}`);
  }

  end(text: string): void {
    this.#print(text);
  }

  #print(text: string): void {
    process.stdout.write(`${text}\n`);
  }
}

class TerminalScreen implements ClusterScreen {
  readonly #cluster: DevCluster;
  readonly #display = new LiveDisplay(process.stdout);
  #headline = "starting";
  #ended = false;

  constructor(cluster: DevCluster) {
    this.#cluster = cluster;
  }

  onChange(): void {
    // The table shows it within a second.
  }

  onExit(node: SupervisedNode, exit: NodeExit): void {
    if (node.state !== "stopped") this.#display.print(exitLine(node, exit));
  }

  onReady(): void {
    this.#headline = "ready; Ctrl-C stops it, the data stay";
  }

  onStopping(why: string): void {
    this.#headline = `stopping (${why}); once more to end it at once`;
  }

  start(supervisor: Supervisor): void {
    void this.#refresh(supervisor);
  }

  end(text: string): void {
    this.#ended = true;
    this.#display.print(text);
  }

  async #refresh(supervisor: Supervisor): Promise<void> {
    const states = new Map(supervisor.nodes.map((node) => [node.name, node]));
    while (!this.#ended) {
      const { file, directory } = this.#cluster;
      const reports = await nodeReports(file, { timeoutMs: STATUS_TIMEOUT_MS });
      if (this.#ended) return;
      // While a node starts or stops, its silence is no news.
      const quiet = reports.map((report) =>
        states.get(report.name)?.state === "ready" ? report : { ...report, error: null },
      );
      const table = statusTable(quiet, (name) => states.get(name)?.state);
      const title = `COPS ${file.cluster} on ${directory}: ${this.#headline}`;
      this.#display.draw([title, "", table, "", tryText(file, directory)].join("\n"));
      await sleep(REFRESH_MS);
    }
  }
}
