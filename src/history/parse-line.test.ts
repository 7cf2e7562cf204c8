import { describe, expect, it } from "vitest";
import { HistoryError } from "./errors.ts";
import type { HistoryLine } from "./format.ts";
import { parseHistoryLine } from "./parse-line.ts";
import { historyHeader } from "./recorder.ts";

const header = historyHeader({ cluster: "c", datacenters: ["ams", "nyc"], clock: "one" });
const operation = { session: "s", seq: 1, start: 1.25, end: 2 };
const seen = { dot: [0, 3, 17], version: [5, 0, 3] } as const;
const touched = { dot: [1, 3, 4], version: [5, 0, 3, 7, 1, 3] } as const;

const lines: readonly HistoryLine[] = [
  { type: "session", session: "s", datacenter: 0 },
  { type: "attach", ...operation, datacenter: 1, pasts: [["t", 4]] },
  { type: "read", ...operation, key: "x", saw: "value", ...seen, value: "v" },
  { type: "read", ...operation, key: "x", saw: "value", ...seen },
  { type: "read", ...operation, key: "\u0000\u00ff\n", saw: "tombstone", ...seen },
  { type: "read", ...operation, key: "", saw: "never" },
  { type: "write", ...operation, key: "x", value: "v", outcome: "ok", ...seen },
  { type: "write", ...operation, key: "x", outcome: "unknown" },
  { type: "delete", ...operation, key: "x", outcome: "refused" },
  { type: "delete", ...operation, key: "x", outcome: "ok", ...seen },
  { type: "final", datacenter: 0, key: "x", saw: "value", ...seen, value: "v" },
  { type: "final", datacenter: 0, key: "x", saw: "tombstone", ...seen },
  { type: "final", datacenter: 0, key: "x", saw: "expired", ...seen },
  { type: "read", ...operation, key: "x", saw: "expired", ...seen, value: "v" },
  { type: "read", ...operation, key: "x", saw: "value", ...touched, value: "v" },
  { type: "write", ...operation, key: "x", value: "v", outcome: "ok", ...seen, expires: true },
  { type: "touch", ...operation, key: "x", outcome: "ok", ...touched, expires: true },
  { type: "touch", ...operation, key: "x", outcome: "unknown" },
  {
    type: "snapshot",
    ...operation,
    entries: [
      { key: "x", saw: "value", ...seen, value: "v" },
      { key: "y", saw: "never" },
    ],
  },
  { type: "transaction", ...operation, writes: [{ key: "x", value: "v" }, { key: "y" }], outcome: "ok", ...seen },
  { type: "transaction", ...operation, writes: [{ key: "x", value: "v", expires: true }], outcome: "unknown" },
  { type: "final-end", datacenter: 0, keys: 2 },
  { type: "end", lines: 7 },
];

describe("a line of each kind", () => {
  it.each(lines)("$type is read as it was written", (line) => {
    expect(parseHistoryLine(JSON.stringify(line), 2)).toEqual(line);
  });

  it("ignores fields of a later format that change nothing", () => {
    const line = { ...lines[0], colour: "red" };
    expect(parseHistoryLine(JSON.stringify(line), 2)).toEqual(lines[0]);
  });

  it("a header is the first line, and only that", () => {
    expect(parseHistoryLine(JSON.stringify(header), 1)).toMatchObject(header);
    expect(() => parseHistoryLine(JSON.stringify(header), 2)).toThrow("line 2");
    expect(() => parseHistoryLine(JSON.stringify(lines[0]), 1)).toThrow("line 1");
  });
});

describe("a header of version 1", () => {
  it("is still read, and has nothing collected unless it says so", () => {
    const old = { ...header, formatVersion: 1 };
    expect(parseHistoryLine(JSON.stringify(old), 1)).toMatchObject({ formatVersion: 1, collectsTombstones: false });
    expect(parseHistoryLine(JSON.stringify(header), 1)).toMatchObject({ formatVersion: 2, collectsTombstones: true });
  });
});

describe("a bad line", () => {
  const read = lines[2]!;
  it.each([
    ["nonsense", "not JSON"],
    ["[1]", "object"],
    [JSON.stringify({ ...read, type: "reed" }), "type must be"],
    [JSON.stringify({ ...read, session: 7 }), "session must be a string, and is 7"],
    [JSON.stringify({ ...read, seq: -1 }), "seq must be"],
    [JSON.stringify({ ...read, start: "now" }), "start must be"],
    [JSON.stringify({ ...read, end: 1 }), "end 1 is before start 1.25"],
    [JSON.stringify({ ...read, key: "\u0100" }), "one per byte"],
    [JSON.stringify({ ...read, saw: "nil" }), "saw must be one of value, expired, tombstone, never"],
    [JSON.stringify({ ...read, dot: [0, 1] }), "dot must be"],
    [JSON.stringify({ ...read, dot: undefined }), "dot must be"],
    [JSON.stringify({ ...read, version: [0, 1, 2.5] }), "version must be"],
    [JSON.stringify({ ...read, value: 5 }), "value must be"],
    [JSON.stringify({ ...lines[6], outcome: "maybe" }), "outcome must be"],
    [JSON.stringify({ ...lines[1], pasts: [["t"]] }), "pasts must be"],
    [JSON.stringify({ ...read, version: [0, 1, 2, 3] }), "version must be"],
    [JSON.stringify({ ...lines[6], expires: "soon" }), "expires must be"],
    [JSON.stringify({ type: "snapshot", ...operation, entries: [] }), "entries must be"],
    [JSON.stringify({ type: "snapshot", ...operation, entries: [{ key: "x", saw: "nil" }] }), "saw must be"],
    [JSON.stringify({ type: "transaction", ...operation, writes: ["x"], outcome: "unknown" }), "writes must be"],
    [
      JSON.stringify({ type: "transaction", ...operation, writes: [{ key: "x" }, { key: "x" }], outcome: "unknown" }),
      "a key is written twice",
    ],
  ])("%s", (text, why) => {
    expect(() => parseHistoryLine(text, 2)).toThrow(HistoryError);
    expect(() => parseHistoryLine(text, 2)).toThrow(why);
  });

  it("a header of another format version is told by its code", () => {
    const text = JSON.stringify({ ...header, formatVersion: 3 });
    expect(() => parseHistoryLine(text, 1)).toThrow(expect.objectContaining({ code: "HISTORY_VERSION", line: 1 }));
  });

  it.each([{ datacenters: [] }, { datacenters: ["a", "a"] }, { clock: "two" }, { format: "x" }])(
    "header %o",
    (wrong) => {
      expect(() => parseHistoryLine(JSON.stringify({ ...header, ...wrong }), 1)).toThrow("line 1");
    },
  );
});
