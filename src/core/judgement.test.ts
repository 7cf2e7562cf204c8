/*
 * Conditions of single writes: what each means, that they are judged in log order with what is not durable yet, and that this
 * makes compare-and-set linearizable inside the datacenter.
 */
import { describe, expect, it } from "vitest";
import { conditionHolds, expiryAfter } from "./judgement.ts";
import { Cluster } from "./testing/cluster.ts";
import { Outcome } from "./testing/outcome.ts";
import { assign } from "./testing/test-session.ts";
import type { TestSession } from "./testing/test-session.ts";
import { hybridTimeOfUnixMs } from "../protocol/hybrid-time.ts";
import {
  conditionAbsent,
  conditionExpiresLater,
  conditionExpiresSooner,
  conditionExpiring,
  conditionLasting,
  conditionNone,
  conditionPresent,
  conditionVersion,
  expiryKept,
} from "../protocol/messages/forward.ts";
import type { Condition, WriteRequest } from "../protocol/messages/forward.ts";
import { effectAssign, effectDelete, effectExpire, Version } from "../protocol/version.ts";

const nowMs = 1_800_000_000_000;
const now = hybridTimeOfUnixMs(nowMs);

function there(expiry = 0): Version {
  return new Version(effectAssign, "v", 5, 1, 2, 3, 5, 1, expiry);
}

const tombstone = new Version(effectDelete, "", 5, 1, 2, 3, 5, 1, 0);
const found = {
  nothing: undefined,
  tombstone,
  expired: there(nowMs),
  lasting: there(),
  "expiring in 1 s": there(nowMs + 1_000),
  "expiring in 9 s": there(nowMs + 9_000),
} as const;

/** Which of these a write finds that does something: its own expiry is 5 s ahead. */
function holdsFor(condition: Condition, more: Partial<WriteRequest> = {}): string[] {
  const write = { ...assign("k", "w", { condition, expiry: nowMs + 5_000 }), ...more };
  return Object.entries(found)
    .filter(([, old]) => conditionHolds(write, old, now))
    .map(([name]) => name);
}

const dead = ["nothing", "tombstone", "expired"];
const alive = ["lasting", "expiring in 1 s", "expiring in 9 s"];
const expected = { time: 5, datacenter: 1, partition: 2 };

describe("a condition", () => {
  it.each<[string, Condition, Partial<WriteRequest>, string[]]>([
    ["none holds always", conditionNone, {}, [...dead, ...alive]],
    ["none holds, for setting an expiry, where there is a value", conditionNone, { effect: effectExpire }, alive],
    ["absent holds where readers find nothing", conditionAbsent, {}, dead],
    ["present holds where they find a value", conditionPresent, {}, alive],
    ["on a version holds for exactly that one", conditionVersion, { expected }, alive],
    ["on another version does not hold", conditionVersion, { expected: { ...expected, time: 6 } }, []],
    ["on no version holds where readers find nothing", conditionVersion, { expected: { ...expected, time: 0 } }, dead],
    ["on a version that is not named never holds", conditionVersion, {}, []],
    ["lasting holds for a value without an expiry", conditionLasting, {}, ["lasting"]],
    ["expiring holds for one with an expiry", conditionExpiring, {}, alive.slice(1)],
    [
      "sooner holds for one with a smaller expiry, for ever being the greatest",
      conditionExpiresSooner,
      {},
      [alive[1]!],
    ],
    ["later holds for one with a greater expiry or none", conditionExpiresLater, {}, [alive[0]!, alive[2]!]],
  ])("%s", (_name, condition, more, holds) => {
    expect(holdsFor(condition, more)).toEqual(holds);
  });

  it("on what is there is judged at the time that the write will have", () => {
    const write = assign("k", "w", { condition: conditionPresent });
    const old = there(nowMs + 1);
    expect(conditionHolds(write, old, now)).toBe(true);
    expect(conditionHolds(write, old, hybridTimeOfUnixMs(nowMs + 1))).toBe(false);
  });
});

describe("an expiry that is kept", () => {
  it("is that of the value that is replaced, where readers find one", () => {
    const write = assign("k", "w", { expiry: expiryKept });
    const after = Object.values(found).map((old) => expiryAfter(write, old, now));
    expect(after).toEqual([0, 0, 0, 0, nowMs + 1_000, nowMs + 9_000]);
    expect(expiryAfter(assign("k", "w", { expiry: 7 }), there(nowMs + 1_000), now)).toBe(7);
  });
});

function cas(session: TestSession, key: string, value: string, old: Version | undefined): Outcome {
  const name = old ?? { time: 0, datacenter: 0, partition: 0 };
  const outcome = new Outcome();
  session.session.write({ ...assign(key, value, { condition: conditionVersion }), expected: name }, outcome, 0);
  return outcome;
}

describe("compare-and-set", () => {
  it("is judged against what is not durable yet: of two that expect the same, the first in the log wins", () => {
    const c = new Cluster({ datacenters: 1, nodes: 2 });
    const node = c.node(0, 0);
    node.diskHeld = true;
    const first = [cas(c.session(0), "0:x", "1", undefined), cas(c.session(0, 1), "0:x", "2", undefined)];
    c.settle();
    expect(first.map(({ done }) => done)).toEqual([false, false]);
    node.diskHeld = false;
    c.settle();
    expect(first.map(({ version }) => version?.value)).toEqual(["1", undefined]);
    // Who lost is told what is there.
    expect(first[1]?.old?.value).toBe("1");
  });

  it("counts right, however many count at once on whichever node", () => {
    const c = new Cluster({ datacenters: 1, nodes: 2 });
    let counted = 0;
    let open = 10;
    const count = (session: TestSession, left: number): void => {
      if (left === 0) {
        open--;
        return;
      }
      const get = new Outcome(({ version, value }) => {
        const put = new Outcome((outcome) => {
          if (outcome.version !== undefined) counted++;
          count(session, outcome.version === undefined ? left : left - 1);
        });
        const next = String(Number(value ?? 0) + 1);
        const name = version ?? { time: 0, datacenter: 0, partition: 0 };
        session.session.write({ ...assign("0:n", next, { condition: conditionVersion }), expected: name }, put, 0);
      });
      session.session.read("0:n", get, 0);
    };
    for (let i = 0; i < 10; i++) count(c.session(0, i % 2), 5);
    c.settle();
    expect([open, counted, c.session(0).get("0:n").value]).toEqual([0, 50, "50"]);
  });

  it("still finds its version when an expiry was set meanwhile, and not when the same value was written again", () => {
    const c = new Cluster({ datacenters: 1 });
    const put = c.session(0).put("0:x", "1");
    c.settle();
    const expire = new Outcome();
    const later = { ...assign("0:x", "", { expiry: c.nowMs + 60_000 }), effect: effectExpire } as const;
    c.session(0).session.write(later, expire, 0);
    const first = cas(c.session(0), "0:x", "2", put.version);
    c.session(0).put("0:x", "1");
    const second = cas(c.session(0), "0:x", "3", put.version);
    c.settle();
    expect([expire.version !== undefined, first.version?.value, second.version]).toEqual([true, "2", undefined]);
    expect(c.session(0).get("0:x").value).toBe("1");
  });

  it("that failed makes what its author writes next depend on what is there", () => {
    const c = new Cluster({ datacenters: 2 });
    c.cutDatacenters(0, 1);
    c.session(0).put("0:x", "1");
    c.settle();
    const bob = c.session(0);
    cas(bob, "0:x", "2", undefined);
    c.settle();
    expect(bob.dots).toEqual(["0/0/1"]);
  });
});
