/*
 * What somebody probably meant: the nearest of the words that exist, if it is near enough to be a slip of the fingers.
 * The distance counts insertions, deletions, replacements and swapped neighbours (optimal string alignment).
 */

const WORD_LENGTH_MAX = 100;

/** The number of slips between two words; words beyond the longest that anybody types are simply far apart. */
export function editDistance(a: string, b: string): number {
  if (a.length > WORD_LENGTH_MAX || b.length > WORD_LENGTH_MAX) return a === b ? 0 : Infinity;
  let older: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) row.push(cell(a, b, i, j, row, last, older));
    older = last;
    last = row;
  }
  return last[b.length] as number;
}

function cell(
  a: string,
  b: string,
  i: number,
  j: number,
  row: readonly number[],
  last: readonly number[],
  older: readonly number[],
): number {
  const same = a[i - 1] === b[j - 1];
  const replaced = (last[j - 1] as number) + (same ? 0 : 1);
  const best = Math.min(replaced, (last[j] as number) + 1, (row[j - 1] as number) + 1);
  const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
  return isSwap ? Math.min(best, (older[j - 2] as number) + 1) : best;
}

/** The nearest of `words`, without regard to case; undefined when none is within a third of the word's length. */
export function nearestWord(word: string, words: readonly string[]): string | undefined {
  const lower = word.toLowerCase();
  let nearest: string | undefined;
  let least = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of words) {
    const distance = editDistance(lower, candidate.toLowerCase());
    if (distance >= least) continue;
    least = distance;
    nearest = candidate;
  }
  return nearest;
}
