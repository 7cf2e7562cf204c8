/*
 * Waits for what will happen, without saying when; gives up only where it hangs.
 */
import { setTimeout as sleep } from "node:timers/promises";

const giveUpMs = 20_000;

export async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + giveUpMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`never happened: ${condition.toString()}`);
    await sleep(2);
  }
}
