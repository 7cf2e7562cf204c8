/*
 * How checks speak of operations and writes: `x` = "v1" (dot 0/3/17, version 5@0/3), session s1 in ams, line 12.
 */
import type { HeaderLine } from "../format.ts";
import { isSingle, seqUnknown } from "./model.ts";
import type { Access, KeyHistory, LoadedHistory, Operation, Write } from "./model.ts";
import { isTouch } from "./versions.ts";

const keyCharsMax = 60;
/** Of what does several keys at once, at most so many are told one by one. */
const partsMax = 4;

export function keyName(key: KeyHistory): string {
  const text = JSON.stringify(key.name.slice(0, keyCharsMax));
  return key.name.length > keyCharsMax ? `${text}… (${key.name.length} bytes)` : text;
}

/** "dot 0/3/17, version 5@0/3": origin datacenter, partition, seq; time, datacenter, partition. */
function dotAndVersion(write: Write): string {
  const seq = write.dotSeq === seqUnknown ? "?" : write.dotSeq;
  const dot = `${write.dotDatacenter}/${write.dotPartition}/${seq}`;
  const version = `${write.time}@${write.versionDatacenter}/${write.versionPartition}`;
  if (!isTouch(write)) return `dot ${dot}, version ${version}`;
  return `dot ${dot}, version ${version} touched ${write.touchTime}@${write.touchDatacenter}/${write.touchPartition}`;
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
export function deed(history: LoadedHistory, operation: Operation, keys?: ReadonlySet<KeyHistory>): string {
  return `${where(history.header, operation)} ${deedOnly(operation, keys)}, line ${operation.line}`;
}

/** "read …", "wrote …", "attached", without who and where. `keys`: those to tell first, where there are several. */
export function deedOnly(operation: Operation, keys?: ReadonlySet<KeyHistory>): string {
  if (operation.kind === "attach") return "attached with a token";
  if (operation.kind === "snapshot") return `read at once ${partsInWords(operation.parts, keys, foundInWords)}`;
  if (operation.kind === "transaction") {
    const ending = operation.outcome === "unknown" ? " with unknown outcome" : "";
    return `wrote at once ${partsInWords(operation.parts, keys, madeInWords)}${ending}`;
  }
  return isSingle(operation) ? singleInWords(operation) : operation.kind;
}

function singleInWords(access: Access): string {
  const { kind, key, write } = access;
  if (kind === "read") return `read ${foundInWords(access)}`;
  const verb = { write: "wrote", delete: "deleted", touch: "set the expiry of" }[kind];
  if (write === undefined) return `${verb} ${keyName(key)} with unknown outcome`;
  return kind === "delete" ? `deleted ${keyName(key)}, leaving ${writeName(write)}` : `${verb} ${writeName(write)}`;
}

/** What a read found: `"x" = v1 (dot …)`, or `"x" as never written`. */
export function foundInWords({ key, write, expires }: Access): string {
  if (write === undefined) return `${keyName(key)} as never written`;
  return expires ? `${writeName(write)}, expired` : writeName(write);
}

function madeInWords({ key, kind, write }: Access): string {
  if (write !== undefined) return writeName(write);
  return kind === "delete" ? `a tombstone of ${keyName(key)}` : keyName(key);
}

function partsInWords(
  parts: readonly Access[],
  keys: ReadonlySet<KeyHistory> | undefined,
  inWords: (part: Access) => string,
): string {
  const wanted = keys === undefined ? [] : parts.filter((part) => keys.has(part.key));
  const told = (wanted.length === 0 ? parts : wanted).slice(0, partsMax);
  const others = parts.length - told.length;
  const rest = others === 0 ? [] : [others === 1 ? "one other key" : `${others} other keys`];
  return [...told.map(inWords), ...rest].join(" and ");
}
