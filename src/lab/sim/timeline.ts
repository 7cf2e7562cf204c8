/*
 * The transcript of a failing run, made short enough to read: faults, and the events that name what the violation is about;
 * the last ones when there are many. When the violation names nothing, all but frames and syncs.
 */
import { runSeed } from "./run-seed.ts";
import type { SeedFailure, SeedOptions } from "./run-seed.ts";

const linesMax = 60;
const faultWords = /\bms {2}(?:start|crash|power|sync error|gone|pause|cut|slow|clog|jump|full|heal)\b/;
const detailWords = /\bms {2}(?:frame|durable|checkpoint)\b/;

export function timeline(seed: number, options: SeedOptions, failure: SeedFailure): string[] {
  const { names } = failure;
  const named = names.length === 0 ? undefined : new RegExp(`\\b(?:${names.join("|")})\\b`);
  const lines: string[] = [];
  let left = 0;
  const print = (line: string): void => {
    const isAbout = named === undefined ? !detailWords.test(line) : named.test(line);
    if (!isAbout && !faultWords.test(line)) return;
    lines.push(line);
    if (lines.length > linesMax) {
      lines.shift();
      left++;
    }
  };
  runSeed(seed, { ...options, print });
  return left === 0 ? lines : [`(${left} earlier lines are left out: --trace shows all)`, ...lines];
}
