/*
 * What a session has seen by reading a version: its dot enters the context, unless everybody has it (the paper's
 * never-depend).
 */
import type { Context } from "./context.ts";
import type { Counters } from "./counters.ts";
import type { Version } from "../protocol/version.ts";

export function noteSeen(context: Context, counters: Counters, version: Version, stable: boolean): void {
  if (stable) counters.contextDotsStable++;
  else context.saw(version.dotOrigin, version.dotSeq);
}
