/*
 * One operation of a session as a promise: for a request of HTTP, where that costs little beside the rest.
 */
import type { Failure } from "../../core/failure.ts";
import { failureOf } from "../../core/failure.ts";
import type { OperationSink, TransactionSink } from "../../core/operations.ts";
import { invariant } from "../../shared/assert.ts";
import type { HybridTime } from "../../protocol/hybrid-time.ts";
import type { Version } from "../../protocol/version.ts";

export type Outcome =
  | { readonly kind: "read"; readonly version: Version | undefined }
  /** `version` is undefined where the condition failed. */
  | { readonly kind: "written"; readonly version: Version | undefined }
  | { readonly kind: "snapshot"; readonly versions: readonly (Version | undefined)[]; readonly time: HybridTime }
  | { readonly kind: "reached" }
  | { readonly kind: "failed"; readonly failure: Failure };

/** Runs `start` with a sink and resolves with what that is told, or fails after `timeoutMs`. */
export function runOperation(
  start: (sink: OperationSink & TransactionSink) => void,
  isWrite: boolean,
  timeoutMs: number,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const failure = failureOf(isWrite ? "UNKNOWNOUTCOME" : "TIMEOUT", `no answer within ${timeoutMs} ms`);
      resolve({ kind: "failed", failure });
    }, timeoutMs);
    const tell = (outcome: Outcome): void => {
      clearTimeout(timer);
      resolve(outcome);
    };
    try {
      start({
        readDone: (_tag, version) => tell({ kind: "read", version }),
        writeDone: (_tag, version) => tell({ kind: "written", version }),
        snapshotDone: (_tag, versions, time) => tell({ kind: "snapshot", versions, time }),
        transactionDone: (_tag, version) => tell({ kind: "written", version }),
        reached: () => tell({ kind: "reached" }),
        failed: (_tag, failure) => tell({ kind: "failed", failure }),
      });
    } catch (error) {
      clearTimeout(timer);
      invariant(error instanceof Error, "what is thrown is an Error");
      reject(error);
    }
  });
}
