/*
 * The driver: the only place that carries out the core's effects (design, section 4).
 *
 *   socket data, links, timers ──beginTurn──▶ core ──wake──▶ flush, once the turn's events are through
 *   flush ──▶ one append to the log, one frame to each peer, one batch of loads ──▶ back into the core when done
 *
 * While one append is under way the next frame fills; when it is durable its answers are given and the next append starts
 * at once: the group commit. A failed append stops the node for good, but for a full disk, which is waited out.
 */
import { setTimeout as setTimeoutPromise } from "node:timers/promises";
import { Checkpointer } from "./checkpointer.ts";
import { ControlChannel } from "./control-channel.ts";
import { recover, storeKeyOf } from "./recover.ts";
import type { Recovered } from "./recover.ts";
import type { Effects } from "../core/effects.ts";
import type { KeyRecord } from "../core/key-record.ts";
import { NodeCore } from "../core/node-core.ts";
import type { NodeId, Placement } from "../core/placement.ts";
import type { Transport } from "../net/transport.ts";
import { decodeRecord, keyOfListed, listedKeyEnd } from "../protocol/record.ts";
import { DecodeError } from "../protocol/byte-reader.ts";
import type { Bytes, ByteString } from "../shared/bytes.ts";
import { sweepKeysMax } from "../shared/limits.ts";
import { LogFullError } from "../storage/errors.ts";
import type { Log } from "../storage/log.ts";
import type { Store } from "../storage/store.ts";

const tickMs = 10;
const fullDiskRetryMs = 250;
const freeSpaceCheckMs = 1_000;
const loadBatchMax = 256;
/** As many as the store reads at once. */
const loadsUnderWayMax = 2;
const logReadRetryMs = 500;

export interface DriverLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface DriverOptions {
  readonly self: NodeId;
  readonly placement: Placement;
  readonly log: Log;
  readonly store: Store;
  readonly logger: DriverLogger;
  readonly cacheBytes?: number;
  /** Free bytes of the data directory's file system; without it space is not watched. */
  readonly freeBytes?: () => Promise<number>;
  /** Below this, client writes are refused: the rest is for acknowledgements and checkpoints. */
  readonly freeBytesMin?: number;
  /** The node cannot go on; the process should end. */
  readonly onFatal: (error: Error) => void;
}

export class NodeDriver implements Effects {
  readonly core: NodeCore;
  readonly control: ControlChannel;
  readonly checkpointer: Checkpointer;
  readonly log: Log;
  readonly store: Store;
  recovered: Recovered = { from: 0, entries: 0, frames: 0 };
  /** Called when frames were handed to the transport: it need not wait for more. */
  onSent: () => void = () => undefined;
  /** Called after each flush: whoever collected output for clients hands it out. */
  onFlushed: () => void = () => undefined;
  private transport: Transport | undefined;
  private readonly options: DriverOptions;
  private ticker: NodeJS.Timeout | undefined;
  private flushDue = false;
  private readonly refusals = new Map<"log" | "space", string>();
  private isRecovered = false;
  private closed = false;
  private nextSpaceCheckMs = 0;
  private checkingSpace = false;
  private readonly toLoad: KeyRecord[] = [];
  private loadsUnderWay = 0;
  private appending: Promise<void> = Promise.resolve();

  constructor(options: DriverOptions) {
    this.options = options;
    this.log = options.log;
    this.store = options.store;
    const { self, placement, cacheBytes } = options;
    this.core = new NodeCore({ self, placement, effects: this, ...(cacheBytes === undefined ? {} : { cacheBytes }) });
    this.control = new ControlChannel(this.core);
    this.checkpointer = new Checkpointer(this.core, this.log, this.store, options.logger, 0);
  }

  /** Brings back what the disk holds. Rejects when it may not be served, or when `signal` is raised. */
  async recover(signal?: AbortSignal): Promise<Recovered> {
    this.core.setNow(Date.now(), performance.now());
    this.recovered = await recover(this.core, this.log, this.store, signal);
    this.isRecovered = true;
    this.checkpointer.covered = this.recovered.from;
    this.flushNow();
    await this.appending;
    return this.recovered;
  }

  /** Joins the cluster. */
  async start(transport: Transport): Promise<void> {
    this.transport = transport;
    this.ticker = setInterval(() => this.tick(), tickMs);
    await transport.start({
      onUp: (peer) => this.turn(() => this.core.onLinkUp(peer)),
      onDown: (peer) => this.onLinkDown(peer),
      onFrame: (peer, frame) => this.onFrame(peer, frame),
    });
  }

  /** Before events go into the core: it reads the wall clock. */
  beginTurn(): void {
    this.core.setNow(Date.now(), performance.now());
  }

  /**
   * Ends what is under way, takes a checkpoint, and leaves log and store to be closed by their owner. Without recovery there
   * is nothing that a checkpoint could be taken of.
   */
  async close(): Promise<void> {
    this.closed = true;
    clearInterval(this.ticker);
    this.control.close();
    await this.transport?.close();
    await this.appending;
    if (this.isRecovered) await this.checkpointer.takeNow();
  }

  wake(): void {
    if (this.flushDue) return;
    this.flushDue = true;
    setImmediate(() => this.flushNow());
  }

  persist(frame: Bytes, length: number): void {
    this.appending = this.append(frame, length);
  }

  send(peer: NodeId, frame: Bytes, length: number): void {
    this.transport?.send(peer, frame, length);
  }

  load(records: readonly KeyRecord[]): void {
    for (const record of records) this.toLoad.push(record);
    this.startLoads();
  }

  readLog(destination: NodeId, position: number, bytesMax: number): void {
    void this.readLogFor(destination, position, bytesMax);
  }

  sweep(from: ByteString): void {
    void this.sweepFrom(from);
  }

  private async sweepFrom(from: ByteString): Promise<void> {
    try {
      const found = await this.store.range(from, listedKeyEnd, sweepKeysMax);
      const last = found.length < sweepKeysMax ? undefined : found.at(-1)?.[0];
      const keys = found.map(([key]) => keyOfListed(key));
      this.turn(() => this.core.onSwept(keys, last === undefined ? undefined : `${last}\0`));
    } catch (error) {
      // It is busy, or its end is on its way: what is listed there is looked at another time.
      this.options.logger.warn({ err: error }, "the store could not be swept for what may be collected");
      this.turn(() => this.core.onSwept([], from));
    }
  }

  private flushNow(): void {
    this.flushDue = false;
    if (this.closed) return;
    this.guard(() => this.core.flush());
    this.onSent();
    this.onFlushed();
  }

  private turn(event: () => void): void {
    this.beginTurn();
    this.guard(event);
  }

  /** A broken invariant or data lost for good ends the node: it must not serve from a state that it cannot vouch for. */
  private guard(event: () => void): void {
    try {
      event();
    } catch (error) {
      this.options.onFatal(error as Error);
    }
  }

  private async append(frame: Bytes, length: number): Promise<void> {
    const position = this.log.end;
    for (;;) {
      try {
        const end = await this.log.append(frame, length);
        this.refuse("log", undefined);
        this.turn(() => this.core.onDurable(position, end, frame, length));
        this.flushNow();
        return;
      } catch (error) {
        if (!(error instanceof LogFullError) || this.closed) {
          this.options.onFatal(error as Error);
          return;
        }
        this.refuse("log", error.message);
        await setTimeoutPromise(fullDiskRetryMs);
      }
    }
  }

  /** A few batches at a time: what comes meanwhile goes into the next, and the store's queue stays short. */
  private startLoads(): void {
    while (this.toLoad.length > 0 && this.loadsUnderWay < loadsUnderWayMax) {
      const batch = this.toLoad.splice(0, loadBatchMax);
      this.loadsUnderWay++;
      void this.loadBatch(batch).finally(() => {
        this.loadsUnderWay--;
        this.startLoads();
      });
    }
  }

  private async loadBatch(records: readonly KeyRecord[]): Promise<void> {
    try {
      const values = await this.store.getMany(records.map((record) => storeKeyOf(this.core, record)));
      this.turn(() => {
        records.forEach((record, i) => {
          const value = values[i];
          this.core.onLoaded(record, value === undefined ? undefined : decodeRecord(value));
        });
      });
      this.wake();
    } catch (error) {
      this.options.onFatal(error as Error);
    }
  }

  private async readLogFor(destination: NodeId, position: number, bytesMax: number): Promise<void> {
    try {
      const frames = await this.log.read(position, bytesMax);
      this.turn(() => this.core.onLogRead(destination, frames));
    } catch (error) {
      this.options.logger.error({ err: error, destination, position }, "reading the log for shipping failed");
      setTimeout(() => this.turn(() => this.core.onLogRead(destination, [])), logReadRetryMs);
    }
    this.wake();
  }

  private tick(): void {
    this.turn(() => this.core.tick());
    const { timerMs } = this.core.state;
    this.checkpointer.tick(timerMs);
    if (timerMs >= this.nextSpaceCheckMs) {
      this.nextSpaceCheckMs = timerMs + freeSpaceCheckMs;
      if (!this.checkingSpace) void this.checkSpace();
    }
  }

  private async checkSpace(): Promise<void> {
    const { freeBytes, freeBytesMin } = this.options;
    if (freeBytes === undefined || freeBytesMin === undefined) return;
    this.checkingSpace = true;
    try {
      const free = await freeBytes();
      const full = `the disk is full: ${free} bytes are free, ${freeBytesMin} are kept in reserve`;
      if (free < freeBytesMin) this.refuse("space", full);
      else if (free > freeBytesMin * 1.1) this.refuse("space", undefined);
    } catch (error) {
      this.options.logger.warn({ err: error }, "free space cannot be read");
    } finally {
      this.checkingSpace = false;
    }
  }

  /** Writes are refused while there is any reason to; each is lifted by whoever gave it. */
  private refuse(source: "log" | "space", reason: string | undefined): void {
    if (reason === undefined) this.refusals.delete(source);
    else this.refusals.set(source, reason);
    const why = this.refusals.values().next().value;
    const before = this.core.state.writesRefused;
    if ((before === undefined) === (why === undefined)) return;
    this.turn(() => this.core.refuseWrites(why));
    if (why === undefined) this.options.logger.info({}, "writes are accepted again");
    else this.options.logger.error({ why }, "writes are refused, reads go on");
  }

  private onFrame(peer: NodeId, frame: Bytes): void {
    this.beginTurn();
    try {
      this.core.onFrame(peer, frame);
    } catch (error) {
      if (!(error instanceof DecodeError)) {
        this.options.onFatal(error as Error);
        return;
      }
      this.core.state.counters.malformedMessages++;
      this.options.logger.error({ err: error, peer }, "malformed message from a peer, dropped");
    }
  }

  private onLinkDown(peer: NodeId): void {
    this.turn(() => this.core.onLinkDown(peer));
    this.control.onLinkDown(peer);
  }
}
