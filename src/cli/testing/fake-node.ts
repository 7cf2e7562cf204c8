/*
 * A node for tests of the supervisor: a small program that says it is ready, or dies in a given way, without a server.
 *
 *   ready         says "ready", stops at SIGTERM or when its parent is gone
 *   stubborn      says "ready", does not stop at SIGTERM
 *   fail CODE     prints a line and ends with that code
 *   fail-twice FILE   fails the first two times (counted in FILE), then as `ready`
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";

const [behaviour, argument = ""] = process.argv.slice(2);

function beReady(): void {
  process.on("disconnect", () => process.exit(0));
  process.send?.({ type: "ready" });
}

function fail(code: number): void {
  process.stderr.write("it cannot go on like this\n");
  process.exitCode = code;
  process.disconnect();
}

function startsSoFar(file: string): number {
  appendFileSync(file, "x");
  return existsSync(file) ? readFileSync(file, "utf8").length : 0;
}

process.on("SIGTERM", () => {
  if (behaviour !== "stubborn") process.exit(0);
});
if (behaviour === "fail") fail(Number(argument));
else if (behaviour === "fail-twice" && startsSoFar(argument) <= 2) fail(1);
else beReady();
