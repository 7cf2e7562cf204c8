import { describe, expect, it } from "vitest";
import { LabUsageError } from "../lab-options.ts";
import { parseCommand } from "./command.ts";

describe("the simulator's command line", () => {
  it("takes one seed or a range", () => {
    expect(parseCommand(["--seed", "7"])).toMatchObject({ from: 7, to: 7, shrink: false, options: {} });
    expect(parseCommand(["--seeds", "1..20"])).toMatchObject({ from: 1, to: 20 });
  });

  it("takes times, kinds of faults and clients", () => {
    const words = ["--seed", "7", "--hours", "0.5", "--faults", "crash,clock", "--clients", "0,3", "--shrink"];
    const options = { safetyMs: 1_800_000, faults: ["crash", "clock"], clients: [0, 3] };
    expect(parseCommand(words)).toMatchObject({ shrink: true, options });
    const named = ["--seed", "7", "--strikes", "crash.2", "--operations", "0.3.1-2,1.7.1"];
    const names = { strikes: ["crash.2"], operations: ["0.3.1", "0.3.2", "1.7.1"] };
    expect(parseCommand(named)).toMatchObject({ options: names });
    expect(parseCommand(["--seed", "7", "--faults", "none"])).toMatchObject({ options: { faults: [] } });
  });

  it("draws a seed where none is named", () => {
    const { from, to } = parseCommand([]);
    expect(from).toBe(to);
    expect(from).toBeGreaterThanOrEqual(0);
  });

  it.each([
    [["--seed", "x"], "--seed is a whole number, not x"],
    [["--seed", "1", "--seeds", "1..2"], "--seed or --seeds, not both"],
    [["--seeds", "5..1"], "--seeds is FROM..TO such as 1..200, not 5..1"],
    [["--seed", "1", "--seconds", "0"], "--seconds and --hours are numbers above 0"],
    [["--seed", "1", "--faults", "rain"], "network,partition,crash,disk,clock,pause,rare"],
    [["--seed", "1", "--strikes", "crash"], "crash.1-3"],
    [["--seed", "1", "--clients", "a"], "a list of numbers such as 0,3"],
    [["--seed", "1", "--operations", "x.y"], "client.thought.number"],
    [["--seed", "1", "--mutant", "none"], "version-or-later"],
    [["--sed", "1"], "Unknown option '--sed'"],
  ])("says what is wrong with %j", (words, answer) => {
    expect(() => parseCommand(words)).toThrow(answer);
    expect(() => parseCommand(words)).toThrow(LabUsageError);
  });
});
