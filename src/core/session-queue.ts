/*
 * Operations of a session that could not start when they were submitted, in order.
 *
 *   push ──▶ queued ──advance: those before it have started, and it may──▶ started
 *
 * What is submitted while others are told of their outcomes joins the end.
 *
 * Bounded by `sessionQueueMax`.
 */
import type { FailureCode } from "./failure.ts";
import { readsFrom } from "./session-reads.ts";
import type { QueuedRead } from "./session-reads.ts";
import { sessionQueueMax } from "../shared/limits.ts";

export interface Operation {
  /** Of a read that may start together with others. */
  readonly read?: QueuedRead;
  /** Starts it, and answers whether that was possible now. */
  start(): boolean;
  /** It will not be started. */
  refuse(code: FailureCode): void;
}

/** So many that have started leave the queue at the latest: those who are answered at once may submit for as long as they like. */
const startedMax = 1_024;

export class SessionQueue {
  private readonly operations: Operation[] = [];
  /** How many at the front have started: they leave together. */
  private started = 0;
  private isClosed = false;
  /** How many reads behind those are being started together. */
  private starting = 0;
  private advancing = false;
  private advanceAgain = false;
  /** Whether reads that follow each other should start together now. */
  private readonly togetherWanted: () => boolean;
  /** Starts two or more of them, and answers whether that was possible now. */
  private readonly together: (reads: readonly QueuedRead[]) => boolean;

  constructor(togetherWanted: () => boolean, together: (reads: readonly QueuedRead[]) => boolean) {
    this.togetherWanted = togetherWanted;
    this.together = together;
  }

  get isEmpty(): boolean {
    return this.operations.length === 0;
  }

  /** Submitted and not started. */
  get length(): number {
    return this.operations.length - this.started;
  }

  /** Starts it at once where nothing is before it. */
  submit(operation: Operation): void {
    if (!this.isEmpty || !operation.start()) this.push(operation);
  }

  push(operation: Operation): void {
    if (this.length >= sessionQueueMax) operation.refuse("BUSY");
    else this.operations.push(operation);
  }

  /** What had started is to start again, before everything that has not. */
  putBack(operations: readonly Operation[]): void {
    if (this.isClosed) return;
    this.operations.splice(this.started + this.starting, 0, ...operations);
  }

  /** The session is over: nothing that waits starts, nor what might have started again. */
  close(): void {
    this.isClosed = true;
    this.operations.length = 0;
    this.started = 0;
  }

  /** Starts what may start now. */
  advance(): void {
    if (this.advancing) {
      this.advanceAgain = true;
      return;
    }
    this.advancing = true;
    do {
      this.advanceAgain = false;
      while (this.length > 0) {
        const count = this.startNext();
        if (count === 0) break;
        this.started += count;
        if (this.started >= startedMax) this.dropStarted();
      }
      this.dropStarted();
    } while (this.advanceAgain);
    this.advancing = false;
  }

  /** Answers how many have started. */
  private startNext(): number {
    if (this.togetherWanted()) {
      const reads = readsFrom(this.operations, this.started);
      if (reads.length > 1) return this.startTogether(reads) ? reads.length : 0;
    }
    return (this.operations[this.started] as Operation).start() ? 1 : 0;
  }

  private startTogether(reads: readonly QueuedRead[]): boolean {
    this.starting = reads.length;
    const hasStarted = this.together(reads);
    this.starting = 0;
    return hasStarted;
  }

  private dropStarted(): void {
    this.operations.splice(0, this.started);
    this.started = 0;
  }
}
