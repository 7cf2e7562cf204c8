/*
 * Reading LevelDB's errors. It has codes for its own conditions; what the operating system said comes as text only, so
 * running out of room is known by strerror's words, here and nowhere else.
 */
import { errorCodeOf } from "./errors.ts";

const OUT_OF_SPACE = /no space left on device|disk quota exceeded/iu;
/** classic-level wraps the cause of a failed open once. */
const CAUSE_DEPTH_MAX = 3;

export function isLevelLocked(error: unknown): boolean {
  return someCause(error, (cause) => errorCodeOf(cause) === "LEVEL_LOCKED");
}

export function isLevelOutOfSpace(error: unknown): boolean {
  return someCause(error, (cause) => OUT_OF_SPACE.test(cause.message));
}

function someCause(error: unknown, matches: (cause: Error) => boolean): boolean {
  let cause = error;
  for (let depth = 0; depth < CAUSE_DEPTH_MAX && cause instanceof Error; depth++) {
    if (matches(cause)) return true;
    cause = cause.cause;
  }
  return false;
}
