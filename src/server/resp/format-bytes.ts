/*
 * A size for people, as Redis writes it: 1023B, 1.50K, 2.25M, 1.00G.
 */
const units = ["B", "K", "M", "G", "T"] as const;

export function formatBytes(bytes: number): string {
  let scaled = bytes;
  let unit = 0;
  while (scaled >= 1024 && unit < units.length - 1) {
    scaled /= 1024;
    unit++;
  }
  return unit === 0 ? `${bytes}B` : `${scaled.toFixed(2)}${units[unit] as string}`;
}
