import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { KeyRecord } from "./key-record.ts";
import { OlderVersions } from "./older-versions.ts";
import type { Pin, SeenAt } from "./older-versions.ts";
import { olderVersionsBytesMax, pinMsMax, pinnedBytesMax, pinsMax, transTimeMs } from "../shared/limits.ts";
import { ticksPerMs } from "../protocol/hybrid-time.ts";
import { compareVersions, effectAssign, effectDelete, Version } from "../protocol/version.ts";

const transTime = transTimeMs * ticksPerMs;

interface VersionOptions {
  readonly value?: string;
  readonly effect?: 1 | 2;
}

function versionOf(
  time: number,
  visible: number,
  { value = "v", effect = effectAssign }: VersionOptions = {},
): Version {
  return new Version(effect, value, time, 0, 0, time, visible, visible, 0);
}

function recordOf(key = "k"): KeyRecord {
  const record = new KeyRecord(key, 0);
  record.loaded = true;
  return record;
}

function apply(older: OlderVersions, record: KeyRecord, ...versions: Version[]): void {
  for (const version of versions) record.apply(version, older);
}

/** Keeps every version, and looks through all of them. */
class EveryVersion {
  readonly versions: Version[] = [];

  at(time: number): Version | undefined {
    let found: Version | undefined;
    for (const version of this.versions) {
      if (version.visible > time) continue;
      if (found === undefined || compareVersions(version, found) > 0) found = version;
    }
    return found;
  }
}

function nameOf(seen: SeenAt): string {
  if (seen === undefined) return "nothing";
  if (seen === "gone") return "gone";
  return `${seen.time} touched ${seen.touch?.time ?? 0}`;
}

type Step =
  | { readonly do: "put"; readonly key: number; readonly bytes: number; readonly deletes: boolean }
  | { readonly do: "arrive"; readonly key: number; readonly back: number }
  | { readonly do: "commit late"; readonly key: number; readonly back: number; readonly beats: number }
  | { readonly do: "touch"; readonly key: number; readonly loses: boolean }
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "expire" }
  | { readonly do: "pin"; readonly back: number }
  | { readonly do: "unpin"; readonly which: number };

const key = fc.nat(2);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("put" as const),
      key,
      bytes: fc.constantFrom(1, 1, 1, olderVersionsBytesMax / 3),
      deletes: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("arrive" as const), key, back: fc.nat(8_000) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("commit late" as const),
      key,
      back: fc.nat(8_000),
      beats: fc.nat(4),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("touch" as const), key, loses: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(1, 700, 3_000, 6_000) }) },
  { weight: 3, arbitrary: fc.constant({ do: "expire" as const }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pin" as const), back: fc.nat(6_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("unpin" as const), which: fc.nat(3) }) },
);

/** Drives the real thing and the model side by side. */
class Comparison {
  readonly older = new OlderVersions();
  private readonly records = [recordOf("a"), recordOf("b"), recordOf("c")];
  private readonly models = this.records.map(() => new EveryVersion());
  private readonly pins: Pin[] = [];
  private now = 100_000 * ticksPerMs;
  private nowMs = 100_000;
  private readonly usedTimes = new Set<number>();

  run(steps: readonly Step[]): void {
    for (const one of steps) {
      this.take(one);
      this.compare();
    }
    for (const pin of this.pins) this.older.unpin(pin);
    this.now += transTime + 1;
    this.older.expire(this.now, this.nowMs);
    this.compare();
    expect([this.older.bytes, this.older.count, this.older.pinnedBytes, this.older.pinnedCount]).toEqual([0, 0, 0, 0]);
    for (const { current } of this.records) expect(current?.older).toBeUndefined();
  }

  private take(one: Step): void {
    if (one.do === "put") this.put(one.key, one.bytes, one.deletes);
    else if (one.do === "arrive") this.arrive(one.key, one.back);
    else if (one.do === "commit late") this.commitLate(one.key, one.back, one.beats);
    else if (one.do === "touch") this.touch(one.key, one.loses);
    else if (one.do === "pass") this.pass(one.ms);
    else if (one.do === "expire") this.expire();
    else if (one.do === "pin") this.pin(one.back);
    else this.unpin(one.which);
  }

  private pass(ms: number): void {
    this.nowMs += ms;
    this.now += ms * ticksPerMs;
  }

  private place(which: number, version: Version, isNewest = false): void {
    this.models[which]?.versions.push(version);
    (this.records[which] as KeyRecord).apply(version, this.older, isNewest);
  }

  private put(which: number, bytes: number, deletes: boolean): void {
    const time = ++this.now;
    this.usedTimes.add(time);
    const effect = deletes ? effectDelete : effectAssign;
    this.place(which, versionOf(time, time, { value: "v".repeat(bytes), effect }), true);
  }

  /** From another datacenter: written a while ago, visible now. */
  private arrive(which: number, back: number): void {
    const time = this.unused(this.now - back * ticksPerMs);
    const visible = this.unused(this.now + 1);
    this.now = visible;
    this.place(which, versionOf(time, visible));
  }

  private unused(from: number): number {
    let time = Math.max(1, from);
    while (this.usedTimes.has(time)) time++;
    this.usedTimes.add(time);
    return time;
  }

  /** What was prepared before becomes visible at a time that has passed; `beats` so many of the greatest versions are greater. */
  private commitLate(which: number, back: number, beats: number): void {
    const visible = this.unused(this.now - back * ticksPerMs);
    const greater = (this.models[which]?.versions ?? []).toSorted((a, b) => compareVersions(b, a))[beats - 1];
    // Below a version's time by half: nobody else has that.
    const time =
      greater === undefined ? visible : Math.min(visible, greater.time - 0.5 ** (1 + (this.usedTimes.size % 40)));
    this.now = Math.max(this.now, visible);
    this.place(which, versionOf(time, visible));
  }

  private touch(which: number, loses: boolean): void {
    const { current } = this.records[which] as KeyRecord;
    if (current === undefined) return;
    const time = ++this.now;
    this.usedTimes.add(time);
    const at = loses && current.touch !== undefined ? current.touch.time - 0.25 : time;
    const touch = { time: at, datacenter: 1, partition: 0, seq: time };
    this.place(which, current.touched(touch, 5, time, time));
  }

  private expire(): void {
    this.older.expire(this.now, this.nowMs);
    expect(this.older.bytes).toBeLessThanOrEqual(olderVersionsBytesMax);
    // What a commit below hid stays counted until its time has come.
    if (this.older.pinCount === 0) expect(this.older.bytes).toBeGreaterThanOrEqual(this.linkedBytes());
  }

  private pin(back: number): void {
    const time = this.now - back * ticksPerMs;
    const isFull = this.older.pinCount >= pinsMax;
    const pin = this.older.pin(time, this.nowMs);
    expect(pin === undefined).toBe(time < this.older.floor || isFull);
    if (pin !== undefined) this.pins.push(pin);
  }

  private unpin(which: number): void {
    const [pin] = this.pins.splice(which, 1);
    if (pin !== undefined) this.older.unpin(pin);
  }

  private linkedBytes(): number {
    let bytes = 0;
    for (const { current } of this.records) {
      for (let version = current?.older; version !== undefined; version = version.older) {
        bytes += 200 + version.value.length;
      }
    }
    return bytes;
  }

  private compare(): void {
    const times = new Set([this.now, this.older.floor, this.older.floor - 1, ...this.pins.map(({ time }) => time)]);
    for (const { versions } of this.models) {
      for (const { visible } of versions) for (const time of [visible - 1, visible, visible + 1]) times.add(time);
    }
    for (const [which, record] of this.records.entries()) for (const time of times) this.compareAt(which, record, time);
  }

  private compareAt(which: number, record: KeyRecord, time: number): void {
    const seen = nameOf(this.older.at(record, time));
    const expected = nameOf(this.models[which]?.at(time));
    const isPinned = this.pins.some((pin) => pin.time === time && this.older.isPinned(pin));
    const mayBeGone = time < this.older.floor && !isPinned;
    if (mayBeGone && seen === "gone") return;
    expect(`at ${time}: ${seen}`).toBe(`at ${time}: ${expected}`);
  }
}

describe("older versions", () => {
  it("show at any time what was visible then, or say that it is gone, and that only below the floor", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => new Comparison().run(steps)),
      { numRuns: 400 },
    );
  });

  it("show at pinned times what was visible then, whatever has gone around them and is committed late", () => {
    const few = fc.constant(0);
    const late = fc.record({
      do: fc.constant("commit late" as const),
      key: few,
      back: fc.nat(20_000),
      beats: fc.nat(4),
    });
    const put = fc.record({ do: fc.constant("put" as const), key: few, bytes: fc.constant(1), deletes: fc.boolean() });
    const pin = fc.record({ do: fc.constant("pin" as const), back: fc.constant(0) });
    const pass = fc.record({ do: fc.constant("pass" as const), ms: fc.constantFrom(1, 1_000, 6_000) });
    const expire = fc.constant({ do: "expire" as const });
    const arrive = fc.record({ do: fc.constant("arrive" as const), key: few, back: fc.nat(9_000) });
    const steps = fc.array(fc.oneof(late, late, put, arrive, pin, pass, pass, expire), {
      minLength: 20,
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, (some) => new Comparison().run(some)),
      { numRuns: 200 },
    );
  });

  it("go when they have been superseded for transTime, and not before", () => {
    const older = new OlderVersions();
    const record = recordOf();
    apply(older, record, versionOf(1, 1), versionOf(10, 10), versionOf(20, 20));
    older.expire(10 + transTime - 1, 0);
    expect([older.count, older.oldest, nameOf(older.at(record, 9))]).toEqual([2, 10, "1 touched 0"]);
    older.expire(10 + transTime, 0);
    expect([older.count, older.floor, nameOf(older.at(record, 9))]).toEqual([1, 10, "gone"]);
    expect(nameOf(older.at(record, 10))).toBe("10 touched 0");
  });

  it("go all, one behind the other, also where one of them was committed late between two others", () => {
    const older = new OlderVersions();
    const record = recordOf();
    apply(older, record, versionOf(10, 10), versionOf(30, 30), versionOf(5, 5), versionOf(20, 20));
    expect([4, 5, 9, 10, 20, 30].map((time) => nameOf(older.at(record, time)))).toEqual([
      "nothing",
      ...["5", "5", "10", "20", "30"].map((time) => `${time} touched 0`),
    ]);
    older.expire(30 + transTime, 0);
    expect([older.bytes, record.current?.older]).toEqual([0, undefined]);
  });

  it("are not told of what was hidden by a late commit that beats it", () => {
    const older = new OlderVersions();
    const record = recordOf();
    apply(older, record, versionOf(10, 10), versionOf(20, 25), versionOf(30, 15));
    expect([12, 15, 25].map((time) => nameOf(older.at(record, time)))).toEqual([
      "10 touched 0",
      "30 touched 0",
      "30 touched 0",
    ]);
    older.expire(25 + transTime, 0);
    expect([older.count, older.bytes]).toEqual([0, 0]);
  });

  it("go before their time when there is no room, the oldest first", () => {
    const older = new OlderVersions();
    const record = recordOf();
    const value = "v".repeat(olderVersionsBytesMax / 3);
    for (let time = 1; time <= 5; time++) apply(older, record, versionOf(time, time, { value }));
    older.expire(5, 0);
    expect([1, 2, 3, 4, 5].map((time) => nameOf(older.at(record, time)))).toEqual([
      "gone",
      "gone",
      "3 touched 0",
      "4 touched 0",
      "5 touched 0",
    ]);
    expect(older.bytes).toBeLessThanOrEqual(olderVersionsBytesMax);
  });

  it("are unknown before a record's first version, where that was written without a look at the store", () => {
    const older = new OlderVersions();
    const record = new KeyRecord("k", 0);
    apply(older, record, versionOf(10, 10));
    expect([9, 10].map((time) => nameOf(older.at(record, time)))).toEqual(["gone", "10 touched 0"]);
  });
});

describe("a pin", () => {
  it("keeps what is visible at its time, for as long as it takes, and nothing else", () => {
    const older = new OlderVersions();
    const record = recordOf();
    apply(older, record, versionOf(10, 10), versionOf(20, 20));
    const pin = older.pin(25, 0);
    apply(older, record, versionOf(30, 30), versionOf(40, 40));
    older.expire(40 + transTime, 0);
    expect([15, 25, 29, 30, 40].map((time) => nameOf(older.at(record, time)))).toEqual([
      "gone",
      "20 touched 0",
      "gone",
      "gone",
      "40 touched 0",
    ]);
    expect([older.pinnedCount, older.pinnedBytes, older.bytes]).toEqual([1, 201, 0]);
    older.unpin(pin as Pin);
    expect([older.pinnedCount, older.pinnedBytes, record.current?.older]).toEqual([0, 0, undefined]);
    expect(nameOf(older.at(record, 25))).toBe("gone");
  });

  it("shows what is committed late below it, also where what superseded that since has gone (3102)", () => {
    const older = new OlderVersions();
    const record = recordOf();
    apply(older, record, versionOf(10, 10));
    const pin = older.pin(25, 0);
    apply(older, record, versionOf(30, 30), versionOf(40, 40));
    older.expire(40 + transTime, 0);
    apply(older, record, versionOf(20, 20));
    expect([15, 20, 25, 29, 40].map((time) => nameOf(older.at(record, time)))).toEqual([
      "gone",
      "gone",
      "20 touched 0",
      "gone",
      "40 touched 0",
    ]);
    older.unpin(pin as Pin);
    expect([older.pinnedCount, older.pinnedBytes, record.current?.older]).toEqual([0, 0, undefined]);
  });

  it("that ends leaves what another one needs", () => {
    const older = new OlderVersions();
    const record = recordOf();
    apply(older, record, versionOf(10, 10));
    const first = older.pin(15, 0);
    apply(older, record, versionOf(20, 20));
    const second = older.pin(25, 0);
    apply(older, record, versionOf(30, 30));
    older.expire(30 + transTime, 0);
    older.unpin(first as Pin);
    expect([15, 25].map((time) => nameOf(older.at(record, time)))).toEqual(["gone", "20 touched 0"]);
    older.unpin(second as Pin);
    expect([older.pinCount, older.pinnedBytes, record.current?.older]).toEqual([0, 0, undefined]);
  });

  it("is refused below the floor, and when there are as many as may be", () => {
    const older = new OlderVersions();
    older.floor = 10;
    expect(older.pin(9, 0)).toBeUndefined();
    for (let i = 0; i < pinsMax; i++) expect(older.pin(10 + i, 0)).toBeDefined();
    expect(older.pin(100, 0)).toBeUndefined();
  });

  it("is broken when it has been there for too long, or keeps too much", () => {
    const older = new OlderVersions();
    const record = recordOf();
    const long = older.pin(5, 1_000) as Pin;
    older.expire(10, 1_000 + pinMsMax - 1);
    expect(older.isPinned(long)).toBe(true);
    older.expire(10, 1_000 + pinMsMax);
    expect([older.isPinned(long), older.pinsBroken]).toEqual([false, 1]);

    apply(older, record, versionOf(10, 10, { value: "v".repeat(pinnedBytesMax) }));
    const large = older.pin(15, 0) as Pin;
    apply(older, record, versionOf(20, 20));
    older.expire(20 + transTime, 0);
    expect(nameOf(older.at(record, 15))).toBe("10 touched 0");
    older.expire(20 + transTime, 0);
    expect([older.isPinned(large), older.pinsBroken, older.pinnedBytes]).toEqual([false, 2, 0]);
    expect(nameOf(older.at(record, 15))).toBe("gone");
  });
});
