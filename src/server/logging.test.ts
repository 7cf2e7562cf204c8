import { describe, expect, it } from "vitest";
import { createLogger } from "./logging.ts";
import type { LogOutput } from "./logging.ts";

class Lines implements LogOutput {
  readonly lines: string[] = [];
  readonly isTTY: boolean;

  constructor(isTTY: boolean) {
    this.isTTY = isTTY;
  }

  write(line: string): void {
    this.lines.push(line);
  }
}

function loggerTo(output: Lines): ReturnType<typeof createLogger> {
  return createLogger({ level: "info", node: "east-0", datacenter: "east", output });
}

describe("the log", () => {
  it("writes one JSON object a line, with level, time, node and datacenter", () => {
    const output = new Lines(false);
    loggerTo(output).warn({ peer: 257, err: new Error("gone", { cause: new Error("reset") }) }, "the link went down");
    expect(output.lines).toHaveLength(1);
    const line = JSON.parse(output.lines[0] as string) as { time: string; err: { message: string; stack: string } };
    expect(line).toMatchObject({ level: "warn", node: "east-0", datacenter: "east", peer: 257 });
    expect(Date.parse(line.time)).toBeGreaterThan(0);
    expect(line.err.message).toContain("gone");
    expect(line.err.stack).toContain("reset");
  });

  it("leaves out what is less serious than the level", () => {
    const output = new Lines(false);
    const logger = loggerTo(output);
    logger.debug({}, "details");
    logger.info({}, "news");
    expect(output.lines).toHaveLength(1);
  });

  it("shows no secrets, wherever they stand", () => {
    for (const isTTY of [false, true]) {
      const output = new Lines(isTTY);
      const secret = "do-not-show-this";
      const cluster = { id: "c", secret };
      loggerTo(output).info({ password: secret, cluster, config: { cluster } }, "started");
      expect(output.lines.join("")).not.toContain(secret);
      expect(output.lines.join("")).toContain("[not logged]");
    }
  });

  it("is readable on a terminal: one line, an error's stack below it", () => {
    const output = new Lines(true);
    const logger = loggerTo(output);
    logger.info({ peer: 257, why: "two words" }, "a link is up");
    logger.error({ err: new Error("broken") }, "cannot go on");
    expect(output.lines[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} info {2}east\/east-0 {2}a link is up {2}peer=257 why=two words\n$/,
    );
    expect(output.lines[1]).toMatch(/ error east\/east-0 {2}cannot go on\n {4}Error: broken\n/);
  });
});
