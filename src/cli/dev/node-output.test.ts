import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NodeOutput } from "./node-output.ts";

let directory: string;
let output: NodeOutput;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cops-output-"));
  output = new NodeOutput(join(directory, "n.log"), 20);
});

afterEach(() => {
  output.close();
  rmSync(directory, { recursive: true });
});

function print(text: string): void {
  output.write(Buffer.from(text));
}

describe("the output of a node", () => {
  it("is appended, and takes at most two files' worth of disk", () => {
    for (let i = 0; i < 10; i++) print(`line ${i}..\n`);
    expect(readFileSync(output.path, "utf8")).toBe("line 8..\nline 9..\n");
    expect(readFileSync(`${output.path}.1`, "utf8")).toBe("line 6..\nline 7..\n");
  });

  it("goes on in the file that is there", () => {
    print("before\n");
    const next = new NodeOutput(output.path, 20);
    next.write(Buffer.from("after\n"));
    next.close();
    expect(readFileSync(output.path, "utf8")).toBe("before\nafter\n");
    expect(existsSync(`${output.path}.1`)).toBe(false);
  });

  it("knows its last lines since the last start", () => {
    print("old\n");
    output.forgetTail();
    print("a\nb\nc\n");
    expect(output.tail(2)).toBe("b\nc");
    expect(output.tail(9)).toBe("a\nb\nc");
  });

  it("is dropped when it comes after the close: a process's last words may follow its end", () => {
    const late = new NodeOutput(`${output.path}-late`, 20);
    late.write(Buffer.from("before\n"));
    late.close();
    late.write(Buffer.from("after\n"));
    expect(readFileSync(late.path, "utf8")).toBe("before\n");
    expect(late.droppedBytes).toBe(6);
  });
});
