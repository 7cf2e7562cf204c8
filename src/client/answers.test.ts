import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openTokenAnswer, readAnswer, snapshotAnswer, transactionAnswer, writeAnswer } from "./answers.ts";
import { carry } from "./commands.ts";
import { ProtocolError } from "./errors.ts";
import type { ReplyValue } from "../protocol/resp/reply-values.ts";
import { originOf } from "../protocol/version.ts";

describe("answers", () => {
  it("to a read tell a value, a tombstone and a key that was never written apart", () => {
    const write = { version: { time: 5, datacenter: 1, partition: 2 }, dot: { datacenter: 1, partition: 2, seq: 3 } };
    expect(readAnswer(["v", 5, 1, 2, 3, 9, 0, 0])).toEqual({
      value: "v",
      write,
      clock: 9,
      stable: false,
      tombstone: false,
      expiryUnixMs: 0,
    });
    expect(readAnswer([null, 5, 1, 2, 3, 9, 1, 1])).toEqual({
      value: null,
      write,
      clock: 9,
      stable: true,
      tombstone: true,
      expiryUnixMs: 0,
    });
    expect(readAnswer([null, 0, 0, 2, 0, 9, 1, 0])).toMatchObject({ value: null, write: null, tombstone: false });
  });

  it("may carry times as text, flags as booleans and more fields than are known", () => {
    expect(readAnswer(["v", "5", 1, 2, 3, "9", false, false, "future"])).toMatchObject({ clock: 9, stable: false });
    expect(writeAnswer([true, "5", 1, 2, 3, "9"])).toMatchObject({ written: true, clock: 9 });
  });

  it("to a write whose condition failed tell what it was judged against, if there was something", () => {
    expect(writeAnswer([0, 0, 0, 0, 0, 9])).toEqual({ written: false, write: null, clock: 9 });
    expect(writeAnswer([0, 5, 0, 0, 1, 9])).toMatchObject({ written: false, write: { dot: { seq: 1 } } });
  });

  it("may name another dot than that of the version, and when the value expires", () => {
    const version = { time: 5, datacenter: 1, partition: 2 };
    expect(readAnswer(["v", 5, 1, 2, 3, 9, 0, 0, 4, 7, 1_900_000_000_000])).toMatchObject({
      write: { version, dot: { datacenter: 4, partition: 7, seq: 3 } },
      expiryUnixMs: 1_900_000_000_000,
    });
    expect(writeAnswer([1, 5, 1, 2, 3, 9, 4, 7])).toMatchObject({
      write: { version, dot: { datacenter: 4, partition: 7, seq: 3 } },
    });
    expect(writeAnswer([1, 5, 1, 2, 3, 9]).write).toMatchObject({ dot: { datacenter: 1, partition: 2, seq: 3 } });
  });

  it("to a read transaction have one entry for each key, in either form", () => {
    const entries = [
      ["v", 5, 1, 2, 3, 9, 0, 0],
      [null, 0, 0, 2, 0, 9, 1, 0, 0, 0, 0],
    ];
    expect(snapshotAnswer([8, 9, entries], 2)).toMatchObject({
      time: 8,
      clock: 9,
      entries: [{ value: "v" }, { value: null, write: null }],
    });
    expect(() => snapshotAnswer([8, 9, entries], 1)).toThrow(ProtocolError);
    expect(() => snapshotAnswer([8, 9, entries], 3)).toThrow(ProtocolError);
    expect(() => snapshotAnswer([8, 9], 0)).toThrow(ProtocolError);
    expect(() => snapshotAnswer([8, 9, ["v"]], 1)).toThrow(ProtocolError);
  });

  it("to a transaction whose condition failed may tell what was judged", () => {
    const dependencies = { dots: [originOf(1, 7), 42], prefixes: [] };
    const judged = carry(dependencies, 0).dependencies;
    expect(transactionAnswer([0, 0, 0, 0, 0, 9, judged])).toMatchObject({ written: false, judged: dependencies });
    expect(transactionAnswer([0, 0, 0, 0, 0, 9])).toEqual({ written: false, write: null, clock: 9 });
    expect(transactionAnswer([1, 5, 1, 2, 3, 9])).toMatchObject({ written: true, clock: 9 });
    expect(() => transactionAnswer([0, 0, 0, 0, 0, 9, "x"])).toThrow(ProtocolError);
  });

  it("that contradict themselves are refused", () => {
    expect(() => readAnswer(["v", 0, 0, 2, 0, 9, 1, 0])).toThrow(ProtocolError);
    expect(() => readAnswer([null, 5, 1, 2, 3, 9, 1, 0])).toThrow(ProtocolError);
    expect(() => readAnswer(["v", 5, 1, 2, 3, 9, 1, 1])).toThrow(ProtocolError);
    expect(() => readAnswer(["v", 5, 9999, 2, 3, 9, 0, 0])).toThrow(ProtocolError);
    expect(() => writeAnswer([1, 0, 0, 0, 0, 9])).toThrow(ProtocolError);
    expect(() => openTokenAnswer(["\u0001\0", 5])).toThrow(ProtocolError);
  });

  it("are understood or refused, whatever they are", () => {
    const scalar = fc.oneof(fc.string(), fc.integer(), fc.double(), fc.boolean(), fc.constant(null));
    const flat = fc.array(scalar, { maxLength: 12 });
    const nested = fc.array(fc.oneof(scalar, flat, fc.array(flat, { maxLength: 2 })), { maxLength: 4 });
    const reply = fc.oneof(scalar, flat, nested) as fc.Arbitrary<ReplyValue>;
    const snapshotOfOne = (value: ReplyValue): unknown => snapshotAnswer(value, 1);
    fc.assert(
      fc.property(reply, (value) => {
        for (const take of [readAnswer, snapshotOfOne, writeAnswer, transactionAnswer, openTokenAnswer]) {
          try {
            take(value);
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError);
          }
        }
      }),
    );
  });
});
