import { describe, expect, it } from "vitest";
import { LabUsageError, labOptions } from "./lab-options.ts";

const defaults = { seconds: "10", dir: "", profile: false } as const;

describe("options of the laboratory's commands", () => {
  it("have their defaults, and take what is given", () => {
    const options = labOptions(["compare", "--seconds", "3", "--profile"], defaults);
    expect(options.words).toEqual(["compare"]);
    expect(options.number("seconds")).toBe(3);
    expect(options.text("dir")).toBe("");
    expect(options.flag("profile")).toBe(true);
  });

  it.each([
    [["--second", "3"], "--second"],
    [["--seconds"], "argument missing"],
  ])("%j is refused with what is wrong", (args, why) => {
    expect(() => labOptions(args, defaults)).toThrow(LabUsageError);
    expect(() => labOptions(args, defaults)).toThrow(why);
  });

  it("refuse what is no whole number by name", () => {
    const options = labOptions(["--seconds", "soon"], defaults);
    expect(() => options.number("seconds")).toThrow("--seconds is a whole number, not soon");
  });
});
