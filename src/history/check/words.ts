/*
 * How checks speak of operations and writes: `x` = "v1" (dot 0/3/17, version 5@0/3), session s1 in ams, line 12.
 */
import type { HeaderLine } from "../format.ts";
import type { KeyHistory, LoadedHistory, Operation, Write } from "./model.ts";

const keyCharsMax = 60;

export function keyName(key: KeyHistory): string {
  const text = JSON.stringify(key.name.slice(0, keyCharsMax));
  return key.name.length > keyCharsMax ? `${text}… (${key.name.length} bytes)` : text;
}

/** "dot 0/3/17, version 5@0/3": origin datacenter, partition, seq; time, datacenter, partition. */
function dotAndVersion(write: Write): string {
  const dot = `${write.dotDatacenter}/${write.dotPartition}/${write.dotSeq}`;
  return `dot ${dot}, version ${write.time}@${write.versionDatacenter}/${write.versionPartition}`;
}

/** What a write left behind: `"x" = v1 (dot …)` or `a tombstone of "x" (dot …)`. */
export function writeName(write: Write): string {
  const name = keyName(write.key);
  if (write.tombstone) return `a tombstone of ${name} (${dotAndVersion(write)})`;
  const value = write.value === undefined ? "" : ` = ${write.value.slice(0, keyCharsMax)}`;
  return `${name}${value} (${dotAndVersion(write)})`;
}

export function datacenterName(header: HeaderLine, datacenter: number): string {
  return header.datacenters[datacenter] ?? `datacenter ${datacenter}`;
}

/** "session s1 in ams" */
export function where(header: HeaderLine, operation: Operation): string {
  return `session ${operation.session.name} in ${datacenterName(header, operation.datacenter)}`;
}

/** "session s1 in ams wrote …, line 12" */
export function deed(history: LoadedHistory, operation: Operation): string {
  return `${where(history.header, operation)} ${deedOnly(operation)}, line ${operation.line}`;
}

/** "read …", "wrote …", "attached", without who and where. */
export function deedOnly(operation: Operation): string {
  const { kind, key, write } = operation;
  if (kind === "attach" || key === undefined) return "attached with a token";
  if (kind === "read") {
    return write === undefined ? `read ${keyName(key)} as never written` : `read ${writeName(write)}`;
  }
  if (write !== undefined) {
    return write.tombstone ? `deleted ${keyName(key)}, leaving ${writeName(write)}` : `wrote ${writeName(write)}`;
  }
  return `${kind === "delete" ? "deleted" : "wrote"} ${keyName(key)} with unknown outcome`;
}
