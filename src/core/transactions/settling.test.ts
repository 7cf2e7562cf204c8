import { expect, it } from "vitest";
import { KeyRecord } from "../key-record.ts";
import { settleMsMax } from "../../shared/limits.ts";
import { Settling, untilFree } from "./settling.ts";

it("who waits has all of the time, also where nothing has ticked for long: at the start, or after a standstill", () => {
  let nowMs = 10 * settleMsMax;
  const settling = new Settling(() => nowMs);
  const told: string[] = [];
  const record = new KeyRecord("k", 0);
  settling.wait(record, untilFree, {
    settled: () => void told.push("settled"),
    waitedTooLong: () => void told.push("too long"),
  });
  nowMs += settleMsMax - 1;
  settling.tick(nowMs);
  expect([told, settling.count, settling.oldestMs]).toEqual([[], 1, 10 * settleMsMax]);
  nowMs += 1;
  settling.tick(nowMs);
  expect([told, settling.count, record.pins]).toEqual([["too long"], 0, 0]);
});
