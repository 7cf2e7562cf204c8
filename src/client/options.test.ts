import { describe, expect, it } from "vitest";
import { InvalidArgumentError } from "./errors.ts";
import { settingsOf } from "./options.ts";

const least = { host: "localhost", port: 7000 };

describe("options", () => {
  it("are made complete", () => {
    expect(settingsOf(least)).toMatchObject({ seeds: [least], timeoutMs: 5_000, name: "cops-client" });
    expect(settingsOf({ ...least, retry: { delayMsMin: 2_000 } }).retry).toMatchObject({ delayMsMax: 2_000 });
  });

  it.each([
    ["host", { host: "", port: 1 }],
    ["port", { host: "localhost", port: 70_000 }],
    ["port", { ...least, seeds: [{ host: "x", port: 0 }] }],
    ["seeds", { ...least, seeds: Array.from({ length: 64 }, () => least) }],
    ["name", { ...least, name: "with blank" }],
    ["timeoutMs", { ...least, timeoutMs: 60_001 }],
    ["connectTimeoutMs", { ...least, connectTimeoutMs: 0.5 }],
    ["retry.attemptsMax", { ...least, retry: { attemptsMax: 0 } }],
    ["retry.delayMsMax", { ...least, retry: { delayMsMin: 50, delayMsMax: 10 } }],
    ["pendingBytesMax", { ...least, pendingBytesMax: Number.NaN }],
  ])("with an impossible %s are refused by that name", (argument, options) => {
    expect(() => settingsOf(options)).toThrow(InvalidArgumentError);
    expect(() => settingsOf(options)).toThrow(`${argument}: `);
  });
});
