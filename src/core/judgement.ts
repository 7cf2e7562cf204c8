/*
 * What a write does, given what is there: its condition, and what it takes over from the version before (design, 3.6, 3.7).
 * Judged at the head, in log order, uncommitted entries included, and at the time that the write will have: an expired value
 * is none.
 */
import type { KeyRecord } from "./key-record.ts";
import { unixMsOfHybridTime } from "../protocol/hybrid-time.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import {
  conditionAbsent,
  conditionExpiresLater,
  conditionExpiresSooner,
  conditionExpiring,
  conditionLasting,
  conditionNone,
  conditionPresent,
  conditionVersion,
  expiryKept,
  isJudged,
} from "../protocol/messages/forward.ts";
import type { WriteRequest } from "../protocol/messages/forward.ts";
import { asSeenAt, compareNames, effectExpire, Version } from "../protocol/version.ts";

/** Whether the outcome of a write depends on what is there. */
export function looksAtRecord(write: WriteRequest): boolean {
  return isJudged(write) || write.effect === effectExpire;
}

/** Whether the record must be read from the store before this write can be judged. */
export function needsRecord(write: WriteRequest, record: KeyRecord): boolean {
  return looksAtRecord(write) && !record.loaded && record.latest === undefined;
}

/** What the write is judged against or replaces; undefined also where that does not matter. */
export function judgedAgainst(write: WriteRequest, record: KeyRecord): Version | undefined {
  return looksAtRecord(write) ? record.latest : undefined;
}

/** Bytes of a value that its author is told of. */
export function toldBytes(write: WriteRequest, record: KeyRecord): number {
  return write.wantOld ? (judgedAgainst(write, record)?.value.length ?? 0) : 0;
}

/** The same, as its author is told of it. */
export function observedAt(old: Version | undefined, time: HybridTime): Version | undefined {
  return old === undefined ? undefined : asSeenAt(old, unixMsOfHybridTime(time));
}

/** Whether the condition of a write holds that will have this time. */
export function conditionHolds(write: WriteRequest, old: Version | undefined, time: HybridTime): boolean {
  const isThere = old?.isAlive(unixMsOfHybridTime(time)) === true;
  if (write.effect === effectExpire && !isThere) return false;
  switch (write.condition) {
    case conditionNone:
      return true;
    case conditionAbsent:
      return !isThere;
    case conditionPresent:
      return isThere;
    case conditionVersion:
      return isExpected(write, old, isThere);
    case conditionLasting:
      return isThere && old.expiry === 0;
    case conditionExpiring:
      return isThere && old.expiry > 0;
    case conditionExpiresSooner:
      return isThere && old.expiry > 0 && old.expiry < write.expiry;
    case conditionExpiresLater:
      return isThere && (old.expiry === 0 || old.expiry > write.expiry);
    default:
      return false;
  }
}

/** When the value expires that this write leaves behind. */
export function expiryAfter(write: WriteRequest, old: Version | undefined, time: HybridTime): number {
  if (write.expiry !== expiryKept) return write.expiry;
  return old?.isAlive(unixMsOfHybridTime(time)) === true ? old.expiry : 0;
}

function isExpected({ expected }: WriteRequest, old: Version | undefined, isThere: boolean): boolean {
  if (expected === undefined) return false;
  if (expected.time === 0) return !isThere;
  return isThere && old !== undefined && compareNames(old, expected) === 0;
}

/**
 * What an effect on the expiry of one version makes of the greatest version that there is: that version with another expiry,
 * or, where there is a greater one by now, something that loses against it.
 */
export function touchedVersion(
  latest: Version | undefined,
  target: { readonly time: HybridTime; readonly datacenter: number; readonly partition: number },
  touch: NonNullable<Version["touch"]>,
  expiry: number,
  visible: HybridTime,
  index: number,
): Version {
  if (latest !== undefined && compareNames(latest, target) === 0) return latest.touched(touch, expiry, visible, index);
  const { time, datacenter, partition } = target;
  return new Version(effectExpire, "", time, datacenter, partition, touch.seq, visible, index, expiry, touch);
}
