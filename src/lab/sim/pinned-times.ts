/*
 * Long scans, as a node's core sees them: a time is pinned for a while, and what keys showed then is asked for at the end of it.
 * That the answers are right is checked where every answer is (node-checks.ts); that there is one, here:
 *
 *   11  what a pin keeps is there for as long as the pin is
 */
import type { NodeCore } from "../../core/node-core.ts";
import type { Pin } from "../../core/older-versions.ts";
import type { Random } from "../../shared/random.ts";
import { Violation } from "./violation.ts";

const pinnedMsMax = 12_000;
const keysMax = 8;

export class PinnedTimes {
  private pin: Pin | undefined;
  private keys: readonly string[] = [];
  private untilMs = 0;
  private readonly core: NodeCore;
  private readonly random: Random;

  constructor(core: NodeCore, random: Random) {
    this.core = core;
    this.random = random;
  }

  /** `pins` says whether a time is pinned now, where none is. */
  tick(pins: () => boolean): void {
    const { timerMs } = this.core.state;
    if (this.pin === undefined) {
      if (pins()) this.begin(timerMs);
    } else if (timerMs >= this.untilMs) this.read(this.pin);
  }

  private begin(timerMs: number): void {
    const { partitions } = this.core.state;
    this.pin = this.core.pin();
    this.untilMs = timerMs + this.random.below(pinnedMsMax);
    const keys = [...partitions.values()].flatMap(({ records }) => [...records.keys()]);
    this.keys = keys.toSorted().slice(0, keysMax);
  }

  private read(pin: Pin): void {
    const { snapshots, state } = this.core;
    this.pin = undefined;
    snapshots.read(this.keys, 0, pin.time, (_answers, failure) => {
      if (failure === "SNAPSHOTTOOOLD" && state.older.isPinned(pin)) {
        throw new Violation(
          11,
          `node ${state.self} does not know any more what ${this.keys.join(", ")} showed at ${pin.time}`,
        );
      }
      state.older.unpin(pin);
    });
  }
}
