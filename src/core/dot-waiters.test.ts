import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DotWaiters } from "./dot-waiters.ts";
import type { DotWaiter } from "./dot-waiters.ts";
import type { Origin } from "../protocol/version.ts";

type Event =
  | { readonly do: "register" | "remove"; readonly seq: number; readonly prefix: boolean; readonly by: number }
  | { readonly do: "removeAll"; readonly by: number }
  | { readonly do: "dot"; readonly seq: number }
  | { readonly do: "range"; readonly from: number; readonly to: number }
  | { readonly do: "everything"; readonly upTo: number };

const seq = fc.integer({ min: 1, max: 8 });
const by = fc.integer({ min: 0, max: 3 });
const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ do: fc.constant("register" as const), seq, prefix: fc.boolean(), by }),
  fc.record({ do: fc.constant("register" as const), seq, prefix: fc.boolean(), by }),
  fc.record({ do: fc.constant("remove" as const), seq, prefix: fc.boolean(), by }),
  fc.record({ do: fc.constant("removeAll" as const), by }),
  fc.record({ do: fc.constant("dot" as const), seq }),
  fc.tuple(seq, seq).map(([a, b]) => ({ do: "range" as const, from: Math.min(a, b), to: Math.max(a, b) })),
  fc.record({ do: fc.constant("everything" as const), upTo: seq }),
);

const origin: Origin = 65_536;

/** Registrations as a plain list of words: who waits for what. */
class DumbWaiters {
  registrations: string[] = [];

  register(what: string): "first" | "another" | "repeated" {
    if (this.registrations.includes(what)) return "repeated";
    const dot = what.slice(0, what.lastIndexOf(" "));
    const others = this.registrations.filter((other) => other.startsWith(`${dot} `)).length;
    this.registrations.push(what);
    return others === 0 ? "first" : "another";
  }

  release(holds: (seq: number, prefix: boolean) => boolean): string[] {
    const isDue = (what: string): boolean => {
      const [kind, at] = what.split(" ");
      return holds(Number(at), kind === "prefix");
    };
    const due = this.registrations.filter(isDue);
    this.registrations = this.registrations.filter((what) => !isDue(what));
    return due;
  }
}

function words(at: number, prefix: boolean, who: number): string {
  return `${prefix ? "prefix" : "dot"} ${at} ${who}`;
}

function run(events: readonly Event[]): void {
  const told: string[] = [];
  const waiters: DotWaiter[] = [0, 1, 2, 3].map((who) => ({
    dotHolds: (_origin, at, prefix) => told.push(words(at, prefix, who)),
  }));
  const tested = new DotWaiters();
  const dumb = new DumbWaiters();
  for (const step of events) {
    told.length = 0;
    const due = apply(step, tested, dumb, waiters);
    expect(told.toSorted()).toEqual(due.toSorted());
    expect(tested.size).toBe(dumb.registrations.length);
    const visited = new Set<string>();
    tested.forEachDot((_origin, at, prefix) => visited.add(`${prefix ? "prefix" : "dot"} ${at}`));
    expect(visited).toEqual(new Set(dumb.registrations.map((what) => what.slice(0, what.lastIndexOf(" ")))));
  }
}

/** Does one step to both; answers whom the dumb one would tell. */
function apply(step: Event, tested: DotWaiters, dumb: DumbWaiters, waiters: readonly DotWaiter[]): string[] {
  switch (step.do) {
    case "register": {
      const answer = tested.register(origin, step.seq, step.prefix, waiters[step.by] as DotWaiter);
      expect(answer).toBe(dumb.register(words(step.seq, step.prefix, step.by)));
      return [];
    }
    case "remove":
      tested.remove(origin, step.seq, step.prefix, waiters[step.by] as DotWaiter);
      dumb.registrations = dumb.registrations.filter((what) => what !== words(step.seq, step.prefix, step.by));
      return [];
    case "removeAll":
      tested.removeAll(waiters[step.by] as DotWaiter);
      dumb.registrations = dumb.registrations.filter((what) => !what.endsWith(` ${step.by}`));
      return [];
    case "dot":
      tested.dotIsIn(origin, step.seq);
      return dumb.release((at, prefix) => !prefix && at === step.seq);
    case "range":
      tested.rangeIsIn(origin, step.from, step.to);
      return dumb.release((at, prefix) => !prefix && at >= step.from && at <= step.to);
    case "everything":
      tested.everythingIsIn(origin, step.upTo);
      return dumb.release((at) => at <= step.upTo);
  }
}

describe("DotWaiters", () => {
  it("agrees with a plain list of who waits for what", () => {
    fc.assert(fc.property(fc.array(event, { maxLength: 60 }), run));
  });

  it("tells of a prefix only those who wait for a prefix", () => {
    const told: boolean[] = [];
    const waiter: DotWaiter = { dotHolds: (_origin, _seq, prefix) => told.push(prefix) };
    const waiters = new DotWaiters();
    waiters.register(origin, 3, false, waiter);
    waiters.register(origin, 3, true, waiter);
    waiters.prefixIsIn(origin, 2);
    expect(told).toEqual([]);
    waiters.prefixIsIn(origin, 3);
    expect(told).toEqual([true]);
  });

  it("keeps origins apart", () => {
    const waiters = new DotWaiters();
    let told = 0;
    waiters.register(origin, 3, false, { dotHolds: () => told++ });
    waiters.everythingIsIn(origin + 1, 9);
    waiters.dotIsIn(origin + 1, 3);
    expect(told).toBe(0);
  });

  it("lets a waiter register again, for the same dot or the next, while it is told", () => {
    const waiters = new DotWaiters();
    const told: number[] = [];
    const waiter: DotWaiter = {
      dotHolds(from, at) {
        told.push(at);
        if (at < 3) waiters.register(from, at + 1, false, waiter);
      },
    };
    waiters.register(origin, 1, false, waiter);
    for (const at of [1, 2, 3]) waiters.dotIsIn(origin, at);
    expect(told).toEqual([1, 2, 3]);
    expect(waiters.size).toBe(0);
  });
});
