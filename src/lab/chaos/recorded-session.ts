/*
 * One thread of execution of the workload: a context of the client library, one operation after another on a few shared
 * keys, every outcome recorded with its dot (docs/TESTING-HISTORY.md says what must be recorded, and how).
 *
 * A write of unknown outcome is recorded as such, and the context then abandons it: what follows does not depend on it.
 */
import { ClientError, UnknownOutcomeError } from "../../client/errors.ts";
import type { Client } from "../../client/client.ts";
import type { ClientContext } from "../../client/client-context.ts";
import type { VersionedValue, WriteResult, Written } from "../../client/results.ts";
import { invariant } from "../../shared/assert.ts";
import type { Random } from "../../shared/random.ts";
import type { Seen, WriteOutcome } from "../../history/format.ts";
import type { SessionRecorder } from "../../history/recorder.ts";

export interface Felt {
  operations: number;
  /** Operations that ended in an error, by code. */
  readonly errors: Map<string, number>;
  latencyMsMax: number;
}

export class RecordedSession {
  private readonly client: Client;
  private readonly context: ClientContext;
  private readonly recorder: SessionRecorder;
  private readonly random: Random;
  private readonly keys: readonly string[];
  private readonly felt: Felt;
  private written = 0;

  constructor(client: Client, recorder: SessionRecorder, random: Random, keys: readonly string[], felt: Felt) {
    this.client = client;
    this.context = client.createContext();
    this.recorder = recorder;
    this.random = random;
    this.keys = keys;
    this.felt = felt;
  }

  /** Works until `isOver` says so. */
  async run(isOver: () => boolean): Promise<void> {
    while (!isOver()) {
      const began = performance.now();
      await this.step();
      this.felt.operations++;
      this.felt.latencyMsMax = Math.max(this.felt.latencyMsMax, performance.now() - began);
    }
    this.client.deleteContext(this.context);
  }

  private async step(): Promise<void> {
    const key = this.random.pick(this.keys);
    if (this.random.chance(0.6)) await this.read(key);
    else if (this.random.chance(0.85)) await this.put(key);
    else await this.remove(key);
  }

  private async read(key: string): Promise<void> {
    const seq = this.recorder.begin();
    const start = performance.now();
    try {
      const value = await this.client.getVersioned(key, this.context);
      this.recorder.read(seq, start, performance.now(), key, seenOf(value));
    } catch (error) {
      this.note(error);
    }
  }

  private async put(key: string): Promise<void> {
    const value = `${this.recorder.name}-${++this.written}`;
    const seq = this.recorder.begin();
    const start = performance.now();
    const outcome = await this.outcomeOf(this.client.put(key, value, this.context));
    this.recorder.write(seq, start, performance.now(), key, value, outcome);
  }

  private async remove(key: string): Promise<void> {
    const seq = this.recorder.begin();
    const start = performance.now();
    const outcome = await this.outcomeOf(this.client.delete(key, this.context));
    this.recorder.remove(seq, start, performance.now(), key, outcome);
  }

  private async outcomeOf(writing: Promise<WriteResult>): Promise<WriteOutcome> {
    try {
      const result = await writing;
      invariant(result.written, "a write without a condition is always written");
      return { outcome: "ok", ...dotAndVersion(result.write) };
    } catch (error) {
      this.note(error);
      if (!(error instanceof UnknownOutcomeError)) return { outcome: "refused" };
      error.write.abandon();
      return { outcome: "unknown" };
    }
  }

  private note(error: unknown): void {
    if (!(error instanceof ClientError)) throw error;
    this.felt.errors.set(error.code, (this.felt.errors.get(error.code) ?? 0) + 1);
  }
}

export function seenOf(value: VersionedValue): Seen {
  if (value.write === null) return { saw: "never" };
  const { text } = value;
  if (value.tombstone || text === null) return { saw: "tombstone", ...dotAndVersion(value.write) };
  return { saw: "value", value: text, ...dotAndVersion(value.write) };
}

function dotAndVersion({ dot, version }: Written): {
  dot: [number, number, number];
  version: [number, number, number];
} {
  return {
    dot: [dot.datacenter, dot.partition, dot.seq],
    version: [version.time, version.datacenter, version.partition],
  };
}
