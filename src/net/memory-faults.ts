/*
 * What the network in memory does to frames, as figures per direction of a link. The defaults keep the port's promise;
 * `loss`, `duplication` and `reordering` break it on purpose, since the protocol above must do without it.
 */

/** A seeded source of randomness (src/shared/random.ts). */
export interface RandomSource {
  next(): number;
  chance(p: number): boolean;
  below(n: number): number;
}

/** Delays in milliseconds; probabilities from 0 to 1, judged frame by frame. */
export interface LinkFaults {
  readonly delayMsMin: number;
  readonly delayMsMax: number;
  /** Now and then a frame, and all behind it, takes this much longer. */
  readonly spikeChance: number;
  readonly spikeMs: number;
  readonly loss: number;
  /** The copy comes later, possibly after a reconnect. */
  readonly duplication: number;
  /** The frame leaves the order, is overtaken, and may come after a reconnect. */
  readonly reordering: number;
  /** How far a copy or a frame out of order may fall behind. */
  readonly strayMsMax: number;
}

export const faultless: LinkFaults = {
  delayMsMin: 0,
  delayMsMax: 1,
  spikeChance: 0,
  spikeMs: 0,
  loss: 0,
  duplication: 0,
  reordering: 0,
  strayMsMax: 1000,
};

export function delayOf(faults: LinkFaults, random: RandomSource): number {
  const spread = Math.max(0, faults.delayMsMax - faults.delayMsMin);
  const delayMs = faults.delayMsMin + random.below(Math.floor(spread) + 1);
  return random.chance(faults.spikeChance) ? delayMs + faults.spikeMs : delayMs;
}

export function strayDelayOf(faults: LinkFaults, random: RandomSource): number {
  return delayOf(faults, random) + random.below(Math.floor(faults.strayMsMax) + 1);
}
