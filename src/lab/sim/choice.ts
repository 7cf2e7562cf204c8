/*
 * Which of the many things that a seed does are done: all, or those that are named. What was done is noted by name, in order,
 * so that a smaller choice can be made of it.
 *
 * Each thing has a random stream of its own, so leaving it out leaves the others as they were.
 */

export class Choice {
  /** What was done. */
  readonly done: string[] = [];
  private readonly chosen: ReadonlySet<string> | undefined;

  constructor(chosen: readonly string[] | undefined) {
    this.chosen = chosen === undefined ? undefined : new Set(chosen);
  }

  takes(name: string): boolean {
    if (this.chosen?.has(name) === false) return false;
    this.done.push(name);
    return true;
  }
}
