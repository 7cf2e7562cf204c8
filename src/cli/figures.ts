/*
 * Figures for people: three digits are enough to see what is large.
 */
import { sizeText } from "../server/config/value-kinds.ts";

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

export function bytesText(bytes: number): string {
  return bytes === 0 ? "0" : sizeText(bytes);
}

/** 350ms, 12.5s, 3m20s, 5h12m, 2d4h */
export function durationText(ms: number): string {
  if (ms < SECOND_MS) return `${Math.round(ms)}ms`;
  if (ms < MINUTE_MS) return `${Number((ms / SECOND_MS).toFixed(1))}s`;
  if (ms < HOUR_MS) return pair(ms, MINUTE_MS, "m", SECOND_MS, "s");
  if (ms < DAY_MS) return pair(ms, HOUR_MS, "h", MINUTE_MS, "m");
  return pair(ms, DAY_MS, "d", HOUR_MS, "h");
}

function pair(ms: number, great: number, greatUnit: string, small: number, smallUnit: string): string {
  const rest = Math.floor((ms % great) / small);
  return `${Math.floor(ms / great)}${greatUnit}${rest === 0 ? "" : `${rest}${smallUnit}`}`;
}
