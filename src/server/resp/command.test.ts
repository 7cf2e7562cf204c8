import { describe, expect, it } from "vitest";
import { arityFits, unknownCommand } from "./command.ts";
import { CommandTable } from "./command-table.ts";
import { commands } from "./commands.ts";

describe("arity", () => {
  it("counts the name, exactly or at least", () => {
    expect(arityFits(2, 2)).toBe(true);
    expect(arityFits(2, 3)).toBe(false);
    expect(arityFits(-2, 1)).toBe(false);
    expect(arityFits(-2, 9)).toBe(true);
  });
});

describe("an unknown command", () => {
  it("is quoted with its first arguments, as Redis does", () => {
    expect(unknownCommand(["foo"])).toBe("ERR unknown command 'foo', with args beginning with: ");
    expect(unknownCommand(["foo", "a", "b"])).toBe("ERR unknown command 'foo', with args beginning with: 'a' 'b' ");
  });

  it("is quoted up to a bound, however long it is", () => {
    expect(unknownCommand(["x".repeat(1000), "y".repeat(1000), "z"]).length).toBeLessThan(400);
  });
});

describe("the table of commands", () => {
  it("finds a command in any mixture of capitals", () => {
    const table = new CommandTable(commands);
    for (const name of ["get", "GET", "Get", "gEt"]) expect(table.find(name)?.command.name).toBe("get");
    expect(table.find("getx")).toBeUndefined();
    expect(table.find("constructor")).toBeUndefined();
  });
});
