/*
 * Takes checkpoints in the background and lets the log behind them go (core/checkpoint.ts).
 *
 * One at a time: when enough records have changed, when the log behind the last one is long, or when something changed and
 * a while has passed. A store that is full or fails leaves the records in memory and the log in place; it is tried again.
 */
import type { NodeCore } from "../core/node-core.ts";
import { dirtyBytesCheckpoint, logBytesCheckpoint } from "../shared/limits.ts";
import type { Log } from "../storage/log.ts";
import type { Store } from "../storage/store.ts";

const intervalMs = 30_000;
const retryMs = 2_000;

export interface CheckpointLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export class Checkpointer {
  checkpoints = 0;
  failures = 0;
  /** The log position that the last checkpoint covers. */
  covered: number;
  private running: Promise<void> | undefined;
  private nextMs = 0;
  private readonly core: NodeCore;
  private readonly log: Log;
  private readonly store: Store;
  private readonly logger: CheckpointLogger;

  constructor(core: NodeCore, log: Log, store: Store, logger: CheckpointLogger, covered: number) {
    this.core = core;
    this.log = log;
    this.store = store;
    this.logger = logger;
    this.covered = covered;
  }

  /** Begins a checkpoint when one is due. */
  tick(timerMs: number): void {
    if (this.running !== undefined || timerMs < this.nextMs) return;
    const behind = this.core.logEnd - this.covered;
    const isDue =
      this.core.state.dirtyBytes >= dirtyBytesCheckpoint ||
      behind >= logBytesCheckpoint ||
      ((behind > 0 || this.hasDeletes) && timerMs >= this.nextMs + intervalMs);
    if (!isDue) return;
    this.running = this.run(timerMs).finally(() => {
      this.running = undefined;
    });
  }

  /** A checkpoint of everything applied, now: for a clean stop, and for tests. */
  async takeNow(): Promise<void> {
    await this.running;
    if (this.core.logEnd > this.covered || this.hasDeletes) await this.run(this.core.state.timerMs);
  }

  private get hasDeletes(): boolean {
    const { collected, unlisted } = this.core.state;
    return collected.size > 0 || unlisted.size > 0;
  }

  private async run(timerMs: number): Promise<void> {
    const checkpoint = this.core.beginCheckpoint();
    const records = checkpoint.remaining;
    try {
      for (let last = false; !last;) {
        const batch = checkpoint.take();
        await this.store.write({ puts: batch.puts, deletes: batch.deletes });
        checkpoint.batchDurable();
        last = batch.last;
      }
      this.covered = checkpoint.position;
      this.checkpoints++;
      this.nextMs = timerMs;
      await this.log.truncate(Math.min(this.covered, this.core.shippedFrom));
      this.logger.info({ position: this.covered, records }, "checkpoint taken");
    } catch (error) {
      checkpoint.abandon();
      this.failures++;
      this.nextMs = timerMs + retryMs;
      this.logger.warn({ err: error, position: checkpoint.position }, "checkpoint failed, will be tried again");
    }
  }
}
