/*
 * COPS.GETVER key [FLOOR t]: the value with its version, for clients that keep their own contexts (docs/COMMANDS.md):
 *
 *   [value | null, time, datacenter, partition, seq, clock, stable, tombstone, dotDatacenter, dotPartition, expiry]
 *
 * A key that was never written has time 0. The dot is (dotDatacenter, dotPartition, seq): another write's than the version's
 * where that has set the expiry. The connection's session is neither read nor changed.
 */
import type { ByteString } from "../../../shared/bytes.ts";
import { oneKey } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { isKeyTooLarge, keyTooLarge } from "../size-limits.ts";
import { versionedArguments } from "../versioned-arguments.ts";
import type { ArgumentName } from "../versioned-arguments.ts";

const allowed: ReadonlySet<ArgumentName> = new Set(["floor"]);

export const copsGetver: OrderedCommand = {
  name: "cops.getver",
  arity: -2,
  flags: ["readonly", "fast"],
  keys: oneKey,
  group: "cops",
  since: "0.1.0",
  summary: "Returns a value with its version and dot, outside of the connection's session.",
  run(client: RespConnection, args: readonly ByteString[]): void {
    const key = args[1] as ByteString;
    const read = isKeyTooLarge(key) ? keyTooLarge : versionedArguments(args, 2, allowed, client.services.issuer);
    if (typeof read === "string") client.replies.error(read);
    else client.versioned.read(key, read.floor ?? 0);
  },
};
