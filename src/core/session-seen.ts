/*
 * What a session has seen by reading a version: its dot enters the context, unless everybody has it (the paper's
 * never-depend).
 */
import type { Context } from "./context.ts";
import type { Counters } from "./counters.ts";
import { hybridTimeOfUnixMs, unixMsOfHybridTime } from "../protocol/hybrid-time.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import { asSeenAt } from "../protocol/version.ts";
import type { Version } from "../protocol/version.ts";

export function noteSeen(context: Context, counters: Counters, version: Version, stable: boolean): void {
  if (stable) counters.contextDotsStable++;
  else context.saw(version.dotOrigin, version.dotSeq);
}

/**
 * What a session is told of a version: judged at its floor, and no earlier than by the wall clock at `nowMs` (the clock that
 * nodes tell stands still at its bound on disk while nothing happens). Having seen it expired, it never sees it alive again.
 */
export function toldAt(context: Context, version: Version, nowMs: number): Version {
  if (version.expiry === 0 || version.deleted) return version;
  const told = asSeenAt(version, Math.max(unixMsOfHybridTime(context.floor), nowMs));
  if (told.deleted) context.raiseFloor(endOf(version));
  return told;
}

/** A write of the session was judged against this version, and its condition failed. */
export function noteJudged(context: Context, observed: Version): void {
  context.saw(observed.dotOrigin, observed.dotSeq);
  context.raiseFloor(knownFrom(observed));
}

/** The time from which a reader can know that a version is there, or what it was told of it: that it is nothing any more. */
export function knownFrom(told: Version): HybridTime {
  return told.deleted ? Math.max(told.visible, endOf(told)) : told.visible;
}

function endOf({ expiry }: Version): HybridTime {
  return expiry === 0 ? 0 : hybridTimeOfUnixMs(expiry);
}
