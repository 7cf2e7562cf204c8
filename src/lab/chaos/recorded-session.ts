/*
 * One thread of execution of the workload: a context of the client library, one operation after another, every outcome
 * recorded with its dot (docs/TESTING-HISTORY.md says what must be recorded, and how).
 *
 * The work is a table: a weight and what is done. To add an operation, add a line to `work`, do it in a method of its own
 * with `attempt` around what may fail, and record it.
 *
 * A few shared keys are read, written and deleted by all sessions. Keys of its own each session writes once and never again:
 * every single acknowledged one of those has to be found at the end. A write of unknown outcome is recorded as such, and the
 * context then abandons it: what follows does not depend on it.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { dotAndVersion, seenOf } from "./attempt.ts";
import type { Attempt } from "./attempt.ts";
import type { Felt } from "./felt.ts";
import { takeSnapshot, writeTogether } from "./transaction-work.ts";
import type { TransactionSession } from "./transaction-work.ts";
import type { Client } from "../../client/client.ts";
import type { ClientContext } from "../../client/client-context.ts";
import { ClientError, ServerRefusedError, UnknownOutcomeError } from "../../client/errors.ts";
import type { WriteResult } from "../../client/results.ts";
import type { WriteOutcome } from "../../history/format.ts";
import type { SessionRecorder } from "../../history/recorder.ts";
import { invariant } from "../../shared/assert.ts";
import type { Random } from "../../shared/random.ts";

/** A key that was written once, and what became of that. */
export interface OwnWrite {
  readonly key: string;
  readonly value: string;
  readonly outcome: "ok" | "unknown";
}

export interface SessionSurroundings {
  readonly client: Client;
  readonly recorder: SessionRecorder;
  readonly random: Random;
  /** The keys that all sessions share. */
  readonly keys: readonly string[];
  readonly felt: Felt;
  /** On average, between one operation and the next. */
  readonly thinkMs: number;
}

interface Work {
  readonly weight: number;
  readonly act: () => Promise<void>;
}

export class RecordedSession implements TransactionSession {
  readonly ownWrites: OwnWrite[] = [];
  private readonly the: SessionSurroundings;
  readonly context: ClientContext;
  private readonly work: readonly Work[];
  private written = 0;

  constructor(surroundings: SessionSurroundings) {
    this.the = surroundings;
    this.context = surroundings.client.createContext();
    this.work = [
      { weight: 30, act: () => takeSnapshot(this) },
      { weight: 20, act: () => writeTogether(this) },
      { weight: 28, act: () => this.read(this.sharedKey()) },
      { weight: 15, act: () => this.put(this.sharedKey()) },
      { weight: 4, act: () => this.remove(this.sharedKey()) },
      { weight: 3, act: () => this.putOwn() },
    ];
  }

  get client(): Client {
    return this.the.client;
  }

  get recorder(): SessionRecorder {
    return this.the.recorder;
  }

  get random(): Random {
    return this.the.random;
  }

  get keys(): readonly string[] {
    return this.the.keys;
  }

  /** Works until `isOver` says so. */
  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      await this.pickWork().act();
      await sleep(this.the.random.below(2 * this.the.thinkMs + 1));
    }
    this.the.client.deleteContext(this.context);
  }

  private pickWork(): Work {
    let drawn = this.the.random.below(this.work.reduce((sum, { weight }) => sum + weight, 0));
    const found = this.work.find(({ weight }) => (drawn -= weight) < 0);
    invariant(found !== undefined, "a draw below the sum of all weights falls to one of them");
    return found;
  }

  private sharedKey(): string {
    return this.the.random.pick(this.the.keys);
  }

  nextValue(): string {
    return `${this.the.recorder.name}-${++this.written}`;
  }

  private async read(key: string): Promise<void> {
    const { client, recorder } = this.the;
    const seq = recorder.begin();
    const read = await this.attempt(() => client.getVersioned(key, this.context));
    // A read without an answer says nothing.
    if (!("error" in read)) recorder.read(seq, read.start, read.end, key, seenOf(read.result));
  }

  private async put(key: string): Promise<void> {
    const value = this.nextValue();
    await this.write(key, value);
  }

  private async putOwn(): Promise<void> {
    const value = this.nextValue();
    const key = `own-${value}`;
    this.noteOwn(key, value, await this.write(key, value));
  }

  noteOwn(key: string, value: string, { outcome }: WriteOutcome): void {
    if (outcome !== "refused") this.ownWrites.push({ key, value, outcome });
  }

  private async write(key: string, value: string): Promise<WriteOutcome> {
    const { client, recorder } = this.the;
    const seq = recorder.begin();
    const put = await this.attempt(() => client.put(key, value, this.context));
    const outcome = this.outcomeOf(put);
    recorder.write(seq, put.start, put.end, key, value, outcome);
    return outcome;
  }

  private async remove(key: string): Promise<void> {
    const { client, recorder } = this.the;
    const seq = recorder.begin();
    const removal = await this.attempt(() => client.delete(key, this.context));
    recorder.remove(seq, removal.start, removal.end, key, this.outcomeOf(removal));
  }

  outcomeOf(attempt: Attempt<WriteResult>): WriteOutcome {
    if (!("error" in attempt)) {
      invariant(attempt.result.written, "a write without a condition is always written");
      this.the.felt.acknowledgedWrites++;
      return { outcome: "ok", ...dotAndVersion(attempt.result.write) };
    }
    if (!(attempt.error instanceof UnknownOutcomeError)) return { outcome: "refused" };
    attempt.error.write.abandon();
    return { outcome: "unknown" };
  }

  /** One operation, felt whatever its end. Rejects only with what no client should ever see. */
  async attempt<T>(operation: () => Promise<T>): Promise<Attempt<T>> {
    const { felt } = this.the;
    const start = performance.now();
    try {
      const result = await operation();
      const end = performance.now();
      felt.success(start, end);
      return { start, end, result };
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      felt.failure(error instanceof ServerRefusedError ? `${error.code} ${error.serverCode}` : error.code);
      return { start, end: performance.now(), error };
    }
  }
}
