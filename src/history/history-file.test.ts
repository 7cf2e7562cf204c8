import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { HistoryLine } from "./format.ts";
import { readHistoryFile } from "./reader.ts";
import { historyHeader, recordFinalState, SessionRecorder } from "./recorder.ts";
import { HistoryWriter } from "./writer.ts";

let directory: string;
let path: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "cops-history-"));
  path = join(directory, "history.jsonl");
});
afterAll(() => {
  rmSync(directory, { recursive: true });
});

const header = historyHeader({ cluster: "c", datacenters: ["ams", "nyc"], clock: "one" });

function record(operations: number): void {
  const writer = new HistoryWriter(path, header);
  const session = new SessionRecorder(writer, "s", 0);
  for (let count = 1; count <= operations; count += 1) {
    const seq = session.begin();
    // Multi-byte in the file, so that chunks end inside of characters.
    session.write(seq, count, count + 0.5, `\u00e9\u00ff${count}`, `v${count}`, {
      outcome: "ok",
      dot: [0, 0, count],
      version: [count, 0, 0],
    });
  }
  const seen = { saw: "value", dot: [0, 0, 1], version: [1, 0, 0] } as const;
  recordFinalState(writer, 0, [{ key: "\u00e9\u00ff1", seen }]);
  writer.close();
}

describe("a recorded history", () => {
  it("is read back whole, across many chunks", () => {
    record(20_000);
    const lines = [...readHistoryFile(path)];
    expect(lines).toHaveLength(20_000 + 5);
    expect(lines[0]).toMatchObject(header);
    expect(lines[20_001]).toMatchObject({ type: "write", seq: 20_000, key: "\u00e9\u00ff20000" });
    expect(lines.slice(-2)).toEqual([
      { type: "final-end", datacenter: 0, keys: 1 },
      { type: "end", lines: 20_004 },
    ] satisfies HistoryLine[]);
  });

  it("keeps snapshots, transactions and touches as they were recorded", () => {
    const writer = new HistoryWriter(path, header);
    const session = new SessionRecorder(writer, "s", 0);
    const made = { outcome: "ok", dot: [0, 0, 1], version: [1, 0, 0] } as const;
    const writes = [
      { key: "x", value: "first" },
      { key: "y", value: undefined },
      { key: "x", value: "last" },
    ];
    session.transaction(session.begin(), 1, 2, writes, made);
    const touch = { outcome: "ok", dot: [0, 0, 2], version: [1, 0, 0, 2, 0, 0], expires: true } as const;
    session.touch(session.begin(), 3, 4, "x", touch);
    const expired = { saw: "expired", dot: touch.dot, version: touch.version } as const;
    session.snapshot(session.begin(), 5, 6, [{ key: "x", seen: expired }]);
    writer.close();
    const times = (seq: number): object => ({ session: "s", seq, start: 2 * seq - 1, end: 2 * seq });
    expect([...readHistoryFile(path)].slice(2, -1)).toEqual([
      { type: "transaction", ...times(1), writes: [{ key: "x", value: "last" }, { key: "y" }], ...made },
      { type: "touch", ...times(2), key: "x", ...touch },
      { type: "snapshot", ...times(3), entries: [{ key: "x", ...expired }] },
    ]);
  });

  it("that was cut anywhere is refused as cut short", () => {
    record(3);
    const whole = readFileSync(path);
    const endLine = whole.lastIndexOf("\n", whole.length - 2) + 1;
    for (const length of [0, 1, whole.indexOf("\n") + 1, endLine - 1, endLine, whole.length - 1]) {
      writeFileSync(path, whole.subarray(0, length));
      expect(() => [...readHistoryFile(path)]).toThrow(expect.objectContaining({ code: "HISTORY_CUT_SHORT" }));
    }
  });

  it("with a missing or an added line is refused", () => {
    record(3);
    const lines = readFileSync(path, "utf8").split("\n");
    writeFileSync(path, lines.toSpliced(2, 1).join("\n"));
    expect(() => [...readHistoryFile(path)]).toThrow("line 7: 7 lines were written, 6 are here");
    record(3);
    appendFileSync(path, `${lines[2]}\n`);
    expect(() => [...readHistoryFile(path)]).toThrow("line 9: nothing may follow the end line");
  });

  it("with a bad line says which", () => {
    record(3);
    const lines = readFileSync(path, "utf8").split("\n");
    writeFileSync(path, lines.with(3, "{}").join("\n"));
    expect(() => [...readHistoryFile(path)]).toThrow("line 4: type must be");
  });
});

describe("the writer", () => {
  it("refuses a line that no reader would take", () => {
    const writer = new HistoryWriter(path, header);
    expect(() => writer.write({ type: "session", session: "s".repeat(5_000_000), datacenter: 0 })).toThrow("too long");
    writer.close();
    expect([...readHistoryFile(path)]).toHaveLength(2);
  });

  it("says which file cannot be written", () => {
    const nowhere = join(directory, "missing", "history.jsonl");
    expect(() => new HistoryWriter(nowhere, header)).toThrow(expect.objectContaining({ code: "HISTORY_WRITE_FAILED" }));
  });
});
