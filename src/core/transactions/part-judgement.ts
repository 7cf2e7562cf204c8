/*
 * How a part of a transaction of this datacenter is judged where its key is, by a cohort or by the coordinator for its own
 * (judgement.ts says what is judged).
 */
import { nameOf } from "../head.ts";
import { expiryAfter, looksAtRecord, observedAt } from "../judgement.ts";
import type { KeyRecord } from "../key-record.ts";
import type { HybridTime } from "../../protocol/hybrid-time.ts";
import type { WriteRequest } from "../../protocol/messages/forward.ts";
import { effectExpire, Version } from "../../protocol/version.ts";
import type { Write } from "../../protocol/write.ts";

/** The vote on a part whose condition does not hold; every other failure is an error's code. */
export const conditionFailed = "CONDITION";

/** Why a part cannot be prepared beside what is prepared on its key already; whoever comes second gives way. */
export function conflict(request: WriteRequest, record: KeyRecord): string | undefined {
  if (record.prepared === undefined) return undefined;
  const isStrict = looksAtRecord(request);
  return isStrict || record.prepared.some(({ holds }) => holds) ? "CONFLICT" : undefined;
}

/** What a write of a transaction does, now that what it is judged against is known. */
export function resolved(request: WriteRequest, write: Write, old: Version | undefined, time: HybridTime): Write {
  const expiry = expiryAfter(request, old, time);
  const target = request.effect === effectExpire && old !== undefined ? nameOf(old) : undefined;
  return { ...write, expiry, target };
}

/** What the author is told of what was judged: all of it if it asked, else that there was something. */
export function told(request: WriteRequest, old: Version, time: HybridTime): Version | undefined {
  const seen = observedAt(old, time);
  if (seen === undefined || request.wantOld || seen.value === "") return seen;
  const { effect, time: at, datacenter, partition, seq, visible, expiry, touch } = seen;
  return new Version(effect, "", at, datacenter, partition, seq, visible, 0, expiry, touch);
}
