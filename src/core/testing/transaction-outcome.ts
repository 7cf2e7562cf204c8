/*
 * How a transaction of a story ended.
 */
import type { Failure } from "../failure.ts";
import type { TransactionSink } from "../operations.ts";
import { invariant } from "../../shared/assert.ts";
import type { HybridTime } from "../../protocol/hybrid-time.ts";
import { formatDot } from "../../protocol/version.ts";
import type { Version } from "../../protocol/version.ts";

export class TransactionOutcome implements TransactionSink {
  done = false;
  failure: string | undefined;
  versions: readonly (Version | undefined)[] = [];
  version: Version | undefined;
  olds: readonly (Version | undefined)[] = [];
  time: HybridTime = 0;

  snapshotDone(_tag: number, versions: readonly (Version | undefined)[], time: HybridTime): void {
    this.end();
    this.versions = versions;
    this.time = time;
  }

  transactionDone(_tag: number, version: Version | undefined, olds: readonly (Version | undefined)[]): void {
    this.end();
    this.version = version;
    this.olds = olds;
  }

  failed(_tag: number, failure: Failure): void {
    this.end();
    this.failure = failure.code;
  }

  /** What a snapshot showed, or why there is none. */
  get values(): readonly (string | undefined)[] | string {
    if (!this.done) return "open";
    if (this.failure !== undefined) return this.failure;
    return this.versions.map((version) => (version === undefined || version.deleted ? undefined : version.value));
  }

  /** The dot of a write transaction, "nothing" where a condition failed, or why there is none. */
  get dot(): string {
    if (!this.done) return "open";
    if (this.failure !== undefined) return this.failure;
    const { version } = this;
    return version === undefined ? "nothing" : formatDot(version.dotOrigin, version.dotSeq);
  }

  private end(): void {
    invariant(!this.done, "a transaction ends once");
    this.done = true;
  }
}
