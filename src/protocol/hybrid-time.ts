/*
 * Hybrid logical time (Kulkarni et al., 2014) as one safe integer: milliseconds since 2025-01-01T00:00:00Z times 4096
 * plus a counter. It stays a safe integer until the year 2094, compares with `<`, and needs no BigInt on the hot path.
 */

/** A hybrid time; 0 is before everything. */
export type HybridTime = number;

/** Milliseconds from 1970 to the epoch of hybrid time. */
export const hybridEpochUnixMs = 1_735_689_600_000;

export const ticksPerMs = 4096;

export function hybridTimeOfUnixMs(unixMs: number): HybridTime {
  return Math.max(0, Math.floor(unixMs) - hybridEpochUnixMs) * ticksPerMs;
}

export function unixMsOfHybridTime(time: HybridTime): number {
  return Math.floor(time / ticksPerMs) + hybridEpochUnixMs;
}
