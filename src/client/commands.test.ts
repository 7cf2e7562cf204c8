import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { carry, openTokenAnswer, readAnswer, readCommand, writeAnswer, writeCommand } from "./commands.ts";
import { ProtocolError } from "./errors.ts";
import type { ReplyValue } from "../protocol/resp/reply-values.ts";
import { originOf } from "../protocol/version.ts";

const dependencies = { dots: [originOf(1, 7), 42], prefixes: [originOf(2, 3), 9] };
const request = { client: "c", number: 3, answeredBelow: 2 };

describe("commands", () => {
  it("say what the server's documentation says", () => {
    const carried = carry(dependencies, 99);
    expect(readCommand("k", 99)).toEqual(["COPS.GETVER", "k", "FLOOR", "99"]);
    expect(writeCommand({ key: "k", value: "v", condition: "NX" }, carried, request)).toEqual([
      "COPS.PUTAFTER",
      "k",
      "v",
      "CONTEXT",
      carried.dependencies,
      "FLOOR",
      "99",
      "REQUEST",
      "c",
      "3",
      "2",
      "NX",
    ]);
    expect(writeCommand({ key: "k", value: undefined, condition: undefined }, carried, request)).toEqual([
      "COPS.DELAFTER",
      "k",
      "CONTEXT",
      carried.dependencies,
      "FLOOR",
      "99",
      "REQUEST",
      "c",
      "3",
      "2",
    ]);
    expect(openTokenAnswer([carried.dependencies, 99])).toEqual({ dependencies, floor: 99 });
  });
});

describe("answers", () => {
  it("to a read tell a value, a tombstone and a key that was never written apart", () => {
    const write = { version: { time: 5, datacenter: 1, partition: 2 }, dot: { datacenter: 1, partition: 2, seq: 3 } };
    expect(readAnswer(["v", 5, 1, 2, 3, 9, 0, 0])).toEqual({
      value: "v",
      write,
      clock: 9,
      stable: false,
      tombstone: false,
    });
    expect(readAnswer([null, 5, 1, 2, 3, 9, 1, 1])).toEqual({
      value: null,
      write,
      clock: 9,
      stable: true,
      tombstone: true,
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
    const reply = fc.oneof(scalar, fc.array(scalar, { maxLength: 9 })) as fc.Arbitrary<ReplyValue>;
    fc.assert(
      fc.property(reply, (value) => {
        for (const take of [readAnswer, writeAnswer, openTokenAnswer]) {
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
