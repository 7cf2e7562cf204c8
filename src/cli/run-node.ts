/*
 * Runs one node until it is asked to stop: tells the parent when it is ready, stops in order within a bound of time, and
 * says by its exit code how it went. Whether it is started by hand, by systemd, or by `cops up` makes no difference, but
 * that only a parent with an IPC channel is told, and its end is a reason to stop.
 *
 *   start ──▶ ready ──signal──▶ closing ──closed in time──▶ exit 0
 *                                       ──too late, or a second signal──▶ exit 1
 *
 * What is acknowledged is on disk, so an end without `close` loses nothing; it makes the next start replay more.
 */
import type { Logger } from "pino";
import type { ReadyMessage } from "./dev/supervised-node.ts";
import { ExitCode } from "./exit-codes.ts";
import { StopSignals } from "./stop-signals.ts";
import type { NodeConfig } from "../server/config/node-config.ts";

export interface RunningNode {
  /** Resolves when clients are served; rejects when that will not come to be. */
  readonly ready: Promise<void>;
  close(): Promise<void>;
}

export type StartNode = (config: NodeConfig, logger: Logger) => Promise<RunningNode>;

/** Rejects with what `startNode` or `ready` rejects with. */
export async function runNode(config: NodeConfig, logger: Logger, startNode: StartNode): Promise<ExitCode> {
  const signals = new StopSignals({ withParent: true });
  try {
    const node = await startNode(config, logger);
    const told = node.ready.then(() => tellParent(logger));
    await Promise.race([told, signals.asked]);
    logger.info({ why: await signals.asked }, "stopping");
    const outcome = await closed(node, config.shutdownTimeoutMs, signals);
    if (outcome === "closed") logger.info("stopped");
    else logger.error({ outcome }, "ended without closing; nothing acknowledged is lost by that");
    return outcome === "closed" ? ExitCode.ok : ExitCode.failed;
  } finally {
    signals.dispose();
  }
}

function tellParent(logger: Logger): void {
  logger.info("ready");
  const message: ReadyMessage = { type: "ready" };
  if (process.connected) process.send?.(message);
}

async function closed(
  node: RunningNode,
  timeoutMs: number,
  signals: StopSignals,
): Promise<"closed" | "late" | "impatient"> {
  const { promise: late, resolve } = Promise.withResolvers<"late" | "impatient">();
  const timer = setTimeout(() => resolve("late"), timeoutMs);
  signals.onImpatient = (): void => resolve("impatient");
  const outcome = await Promise.race([node.close().then(() => "closed" as const), late]);
  clearTimeout(timer);
  return outcome;
}
