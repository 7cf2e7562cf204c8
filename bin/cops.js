#!/usr/bin/env node
/*
 * The `cops` launcher: finds the program and a Node.js that can run it.
 *
 * In a clone the program is TypeScript in src/, run by type stripping; where it was installed from the registry it is
 * JavaScript in dist/. A clone brings its own Node.js (a development dependency), so when the one that started this file
 * is too old, that one takes over, with the same arguments, the same terminal and the same end.
 *
 * Plain old JavaScript on purpose: a Node.js that is too old has to get far enough to say so.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { fileURLToPath } from "node:url";

const source = new URL("../src/cli/main.ts", import.meta.url);
const compiled = new URL("../dist/cli/main.js", import.meta.url);
const ownNode = fileURLToPath(new URL("../node_modules/.bin/node", import.meta.url));
const program = existsSync(source) ? source : compiled;

/*
 * One append, one segment being prepared, reads of the log, two reads and one write of the store: more than Node's four
 * threads, and a sync must never queue behind a read. Read at the first use of the pool, so it is set before anything.
 */
process.env["UV_THREADPOOL_SIZE"] ??= "8";

/** @param {string} version */
function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 23 || (major === 23 && minor >= 6) || (major === 22 && minor >= 18);
}

/** @param {string} message */
function fail(message) {
  process.stderr.write(`cops: ${message}\n`);
  process.exitCode = 1;
}

/**
 * A signal that the terminal sends reaches the child without us; one sent to this process alone has to be passed on.
 * @param {import("node:child_process").ChildProcess} child
 */
function forwardSignals(child) {
  for (const signal of /** @type {const} */ (["SIGTERM", "SIGHUP", "SIGUSR2"])) {
    process.on(signal, () => child.kill(signal));
  }
  for (const signal of /** @type {const} */ (["SIGINT", "SIGQUIT"])) {
    process.on(signal, () => {
      if (!process.stdin.isTTY) child.kill(signal);
    });
  }
}

/** @param {string} node */
function runWith(node) {
  const child = spawn(node, [fileURLToPath(program), ...process.argv.slice(2)], { stdio: "inherit" });
  forwardSignals(child);
  child.on("error", (error) => fail(`cannot start ${node}: ${error.message}`));
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
  });
}

if (!existsSync(program)) {
  fail("the program is missing: neither src/cli/main.ts nor dist/cli/main.js is there");
} else if (isNewEnough(process.versions.node)) {
  await import(program.href);
} else if (program === source && existsSync(ownNode)) {
  runWith(ownNode);
} else if (program === source) {
  fail(`needs Node.js 22.18 or newer and this is ${process.version}; \`npm ci\` brings one along for this clone`);
} else {
  fail(`needs Node.js 22.18 or newer and this is ${process.version}; see https://nodejs.org/`);
}
