/*
 * Reads that follow each other in a pipeline and have several owners: one read transaction (design, 3.4). Two single reads of
 * two owners must not overlap; what many keys show at one time may be asked for in parallel. So a pipeline over all nodes of a
 * datacenter takes as long as one over one of them, and not as long as all of its reads together.
 *
 *   a read had to wait for one of another owner ──that is answered──▶ it, and the reads behind it: a read transaction
 *                                               ──that cannot be had──▶ each by itself again, with an outcome of its own
 *
 * Bounded by `readsTogetherMax`.
 */
import { readsTogetherMax } from "../shared/limits.ts";
import { invariant } from "../shared/assert.ts";
import type { ByteString } from "../shared/bytes.ts";
import type { Version } from "../protocol/version.ts";
import type { OperationSink, TransactionSink } from "./operations.ts";

export interface QueuedRead {
  readonly key: ByteString;
  readonly sink: OperationSink;
  readonly tag: number;
}

/** The reads that follow each other in a queue, from `first` on. */
export function readsFrom(queue: readonly { readonly read?: QueuedRead | undefined }[], first: number): QueuedRead[] {
  const reads: QueuedRead[] = [];
  for (let i = first; i < queue.length && reads.length < readsTogetherMax; i++) {
    const { read } = queue[i] as { readonly read?: QueuedRead | undefined };
    if (read === undefined) break;
    reads.push(read);
  }
  return reads;
}

/** Tells each of them what its key showed. */
export class ReadsTogether implements TransactionSink {
  private readonly reads: readonly QueuedRead[];
  /** They cannot be had together. */
  private readonly onFailed: () => void;

  constructor(reads: readonly QueuedRead[], onFailed: () => void) {
    this.reads = reads;
    this.onFailed = onFailed;
  }

  get keys(): ByteString[] {
    return this.reads.map(({ key }) => key);
  }

  snapshotDone(_tag: number, versions: readonly (Version | undefined)[]): void {
    for (const [i, { sink, tag }] of this.reads.entries()) sink.readDone(tag, versions[i]);
  }

  transactionDone(): void {
    invariant(false, "reads write nothing");
  }

  failed(): void {
    this.onFailed();
  }
}
