/*
 * One real node, as `cops server` runs it, on a disk whose power can be cut (power/journalled-disk.ts):
 *
 *     node src/lab/chaos/node/main.ts JOURNAL_DIRECTORY honest|lying --config FILE --node NAME [--SETTING VALUE ...]
 */
import { openJournalledDisk } from "../power/journalled-disk.ts";
import { runProgram } from "../../../cli/program.ts";
import type { StartNode } from "../../../cli/run-node.ts";
import { startNode } from "../../../server/start-node.ts";
import { invariant } from "../../../shared/assert.ts";

const [journalDirectory, disk, ...args] = process.argv.slice(2);
invariant(journalDirectory !== undefined, "a journal has a directory");

const startJournalled: StartNode = (config, logger) =>
  startNode(config, logger, openJournalledDisk(journalDirectory, config.nodeDirectory, disk === "lying"));

process.exitCode = await runProgram("0.0.0", ["server", ...args], startJournalled);
