import { expect, test } from "vitest";
import { KeyRecord } from "./key-record.ts";
import { OlderVersions } from "./older-versions.ts";
import { SupersedingQueue } from "./superseding-queue.ts";
import { effectAssign, Version } from "../protocol/version.ts";

function version(time: number, value = ""): Version {
  return new Version(effectAssign, value, time, 0, 0, time, time, time, 0);
}

test("a queue gives what it took, in order, over many chunks, and keeps nothing of it", () => {
  const queue = new SupersedingQueue();
  const record = new KeyRecord("k", 0);
  const taken: number[] = [];
  const take = (): void => queue.shift((_record, by, time) => taken.push(by.time, time));
  for (let i = 1; i <= 3_000; i++) {
    queue.push(version(i), record, i * 10, 7);
    if (i % 3 === 0) take();
  }
  expect([queue.length, queue.bytes, queue.oldest]).toEqual([2_000, 14_000, 10_010]);
  while (queue.length > 0) take();
  expect(taken).toEqual(Array.from({ length: 3_000 }, (_, i) => [i + 1, (i + 1) * 10]).flat());
  expect([queue.bytes, queue.oldest]).toEqual([0, Number.POSITIVE_INFINITY]);
});

test("a put is placed as any other version would be, though what it supersedes is not looked at", () => {
  const [older, other] = [new OlderVersions(), new OlderVersions()];
  const [record, twin] = [new KeyRecord("k", 0), new KeyRecord("k", 0)];
  for (const [i, value] of ["one", "second", "", "4"].entries()) {
    record.apply(version(i + 1, value), older, true);
    twin.apply(version(i + 1, value), other);
  }
  expect([older.count, older.bytes, older.oldest]).toEqual([other.count, other.bytes, other.oldest]);
  for (let time = 0; time <= 5; time++) expect(older.at(record, time)).toEqual(other.at(twin, time));
});
