/*
 * get_trans of the paper (section 4.1), for clients that keep their own contexts (docs/COMMANDS.md):
 *
 *   COPS.GETTRANS FLOOR t key [key ...]
 *   ──▶ [snapshotTime, clock, [entry ...]]     each entry as COPS.GETVER answers it, its clock the transaction's
 *
 * The connection's session is neither read nor changed.
 */
import type { ByteString } from "../../../shared/bytes.ts";
import { syntaxError } from "../command.ts";
import type { KeyPositions, OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { keysProblem } from "../size-limits.ts";
import { wholeNumber } from "../versioned-arguments.ts";
import { VersionedSnapshot } from "../versioned-transactions.ts";

const keysAfterFloor: KeyPositions = { first: 3, last: -1, step: 1 };

export const copsGettrans: OrderedCommand = {
  name: "cops.gettrans",
  arity: -4,
  flags: ["readonly"],
  keys: keysAfterFloor,
  group: "cops",
  since: "0.1.0",
  summary: "Returns many values as of one time, with versions and dots, outside of the connection's session.",
  run(client: RespConnection, args: readonly ByteString[]): void {
    const isFloor = (args[1] as ByteString).toLowerCase() === "floor";
    const floor = wholeNumber(args[2] as ByteString);
    const problem = isFloor ? keysProblem(args, keysAfterFloor) : syntaxError;
    if (problem !== undefined) client.replies.error(problem);
    else if (floor === undefined) client.replies.error("ERR FLOOR is not a hybrid time");
    else new VersionedSnapshot(client).begin(args.slice(3), floor);
  },
};
