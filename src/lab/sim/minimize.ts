/*
 * Leaves out what is not needed: ever smaller runs of a list, as long as what is left still does what it should. Greedy.
 */

/** `isEnough` is asked about lists that have less; once it says no for ever, the last one that was enough is the answer. */
export function minimize<T>(items: readonly T[], isEnough: (fewer: readonly T[]) => boolean): readonly T[] {
  let left = items;
  for (let size = Math.ceil(items.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < left.length;) {
      const fewer = [...left.slice(0, at), ...left.slice(at + size)];
      if (isEnough(fewer)) left = fewer;
      else at += size;
    }
  }
  return left;
}
