/*
 * The program behind bin/cops.js: it runs when it is loaded.
 */
import { readFileSync } from "node:fs";
import { runProgram } from "./program.ts";

const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  version: string;
};

// A reader that goes away early (`cops status | head`) is no error of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

process.exitCode = await runProgram(version, process.argv.slice(2));
