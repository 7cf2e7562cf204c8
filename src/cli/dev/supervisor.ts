/*
 * Runs all nodes of a development cluster: starts them, keeps them running, and stops them all.
 *
 * `ready` resolves once every node has been ready at the same time. It rejects when a node cannot get there: it refused
 * to start (exit codes 2 and 4: trying again changes nothing), it died several times before it was ready, or it died and
 * is not to be restarted. After that a node is restarted for as long as the cluster runs.
 */
import type { NodeExit, NodeSpec, RestartOptions } from "./supervised-node.ts";
import { SupervisedNode, exitText } from "./supervised-node.ts";
import { CliError } from "../errors.ts";
import { ExitCode } from "../exit-codes.ts";

const FAILED_STARTS_MAX = 3;
const TAIL_LINES = 8;

export interface SupervisorOptions extends Partial<RestartOptions> {
  readonly nodes: readonly NodeSpec[];
  /** After every change of a node's state or pid. */
  readonly onChange?: (node: SupervisedNode) => void;
  readonly onExit?: (node: SupervisedNode, exit: NodeExit) => void;
  /** From asking a node to end until it is killed. */
  readonly stopTimeoutMs?: number;
}

export class Supervisor {
  readonly nodes: readonly SupervisedNode[];
  readonly ready: Promise<void>;
  readonly #ready = Promise.withResolvers<void>();
  readonly #options: SupervisorOptions;
  #wasReady = false;
  #stopping: Promise<void> | undefined;

  constructor(options: SupervisorOptions) {
    const { restart = true, restartDelayMs = 1000, restartDelayMsMax = 15_000 } = options;
    const events = {
      onChange: (node: SupervisedNode) => this.#onChange(node),
      onExit: (node: SupervisedNode, exit: NodeExit) => this.#onExit(node, exit),
    };
    this.#options = options;
    this.nodes = options.nodes.map(
      (spec) => new SupervisedNode(spec, { restart, restartDelayMs, restartDelayMsMax }, events),
    );
    this.ready = this.#ready.promise;
    // Who does not wait for it has no use for the failure either.
    this.ready.catch(() => undefined);
  }

  start(): void {
    for (const node of this.nodes) node.start();
  }

  /** Resolves when no node runs any more. A second call joins the first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stopAll();
    return this.#stopping;
  }

  /** Ends a stop that takes too long for whoever waits. */
  killAll(): void {
    for (const node of this.nodes) node.kill();
  }

  async #stopAll(): Promise<void> {
    const { stopTimeoutMs = 15_000 } = this.#options;
    await Promise.all(this.nodes.map((node) => node.stop(stopTimeoutMs)));
    for (const node of this.nodes) node.output.close();
  }

  #onChange(node: SupervisedNode): void {
    this.#options.onChange?.(node);
    if (this.#wasReady || this.nodes.some(({ state }) => state !== "ready")) return;
    this.#wasReady = true;
    this.#ready.resolve();
  }

  #onExit(node: SupervisedNode, exit: NodeExit): void {
    this.#options.onExit?.(node, exit);
    if (this.#wasReady || this.#stopping !== undefined || !isHopeless(node, exit)) return;
    const said = node.output.tail(TAIL_LINES);
    const words = `${node.name} does not start (${exitText(exit)}); it says in ${node.output.path}:\n${said}`;
    this.#ready.reject(new CliError(isRefusal(exit) ? "NODE_REFUSED" : "NODE_FAILED", words));
  }
}

function isHopeless(node: SupervisedNode, exit: NodeExit): boolean {
  return node.state === "dead" || isRefusal(exit) || node.failedStarts >= FAILED_STARTS_MAX;
}

function isRefusal({ code }: NodeExit): boolean {
  return code === ExitCode.usage || code === ExitCode.refused;
}
