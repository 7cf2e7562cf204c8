import { describe, expect, it } from "vitest";
import { openTokenAnswer } from "./answers.ts";
import { carry, readCommand, snapshotCommand, writeCommand } from "./commands.ts";
import type { KeyWrite, SingleOrder } from "./commands.ts";
import { originOf } from "../protocol/version.ts";

const dependencies = { dots: [originOf(1, 7), 42], prefixes: [originOf(2, 3), 9] };
const request = { client: "c", number: 3, answeredBelow: 2 };

const plain = { presence: undefined, expiryUnixMs: undefined };

function put(write: Partial<KeyWrite>, version?: string): SingleOrder {
  return { kind: "put", write: { key: "k", value: "v", ...plain, ...write }, version };
}

describe("commands", () => {
  it("say what the server's documentation says", () => {
    const carried = carry(dependencies, 99);
    const context = ["CONTEXT", carried.dependencies, "FLOOR", "99", "REQUEST", "c", "3", "2"];
    const words = (order: SingleOrder): readonly string[] => writeCommand(order, carried, request);
    expect(readCommand("k", 99)).toEqual(["COPS.GETVER", "k", "FLOOR", "99"]);
    expect(words(put({ presence: "NX" }))).toEqual(["COPS.PUTAFTER", "k", "v", ...context, "NX"]);
    expect(words(put({ expiryUnixMs: 7 }, "5/1/2"))).toEqual([
      "COPS.PUTAFTER",
      "k",
      "v",
      ...context,
      "PXAT",
      "7",
      "VERSION",
      "5/1/2",
    ]);
    const removal: SingleOrder = {
      kind: "delete",
      write: { key: "k", value: undefined, ...plain },
      version: undefined,
    };
    expect(words(removal)).toEqual(["COPS.DELAFTER", "k", ...context]);
    expect(words({ ...removal, version: "none" })).toEqual(["COPS.DELAFTER", "k", ...context, "VERSION", "none"]);
    expect(openTokenAnswer([carried.dependencies, 99])).toEqual({ dependencies, floor: 99 });
  });

  it("of transactions name the context once, and each key with what is done to it", () => {
    const carried = carry(dependencies, 99);
    const writes: KeyWrite[] = [
      { key: "a", value: "1", ...plain },
      { key: "b", value: "2", presence: "NX", expiryUnixMs: 7 },
      { key: "c", value: undefined, presence: "XX", expiryUnixMs: undefined },
    ];
    expect(snapshotCommand(["a", "b"], 99)).toEqual(["COPS.GETTRANS", "FLOOR", "99", "a", "b"]);
    expect(writeCommand({ kind: "transaction", writes }, carried, request).join(" ")).toBe(
      `COPS.PUTTRANS CONTEXT ${carried.dependencies} FLOOR 99 REQUEST c 3 2 3 SET a 1 SETPX b 2 7 NX DEL c XX`,
    );
  });
});
