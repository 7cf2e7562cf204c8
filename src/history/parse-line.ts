/*
 * One line of text becomes one checked `HistoryLine`, or an error that names the line and the field at fault.
 *
 * What is checked here is what can be seen in the line alone. That sessions exist, that datacenters are in range and that
 * `seq` does not repeat is checked where the lines meet (src/history/check/load.ts).
 */
import { HistoryError, badLine } from "./errors.ts";
import { HISTORY_FORMAT, historyFormatVersions } from "./format.ts";
import type {
  AttachLine,
  FinalLine,
  HeaderLine,
  HistoryLine,
  ReadLine,
  Seen,
  SnapshotEntry,
  SnapshotLine,
  TransactionLine,
  TransactionPart,
  WriteLine,
  WriteOutcome,
} from "./format.ts";
import {
  countField,
  dotField,
  isRecord,
  keyField,
  listField,
  oneOf,
  optionalFlag,
  optionalText,
  pastsField,
  textField,
  timeField,
  versionField,
  wrong,
} from "./line-fields.ts";
import type { Fields } from "./line-fields.ts";

/** `line` counts from 1. */
export function parseHistoryLine(text: string, line: number): HistoryLine {
  const fields = { line, record: parseObject(text, line) };
  const type = fields.record["type"];
  if ((type === "header") !== (line === 1)) throw badLine(line, "the header must be the first line, and only that");
  switch (type) {
    case "header":
      return header(fields);
    case "session":
      return { type, session: textField(fields, "session"), datacenter: countField(fields, "datacenter") };
    case "attach":
      return attach(fields);
    case "read":
      return { type, ...operation(fields), key: keyField(fields), ...seen(fields) } satisfies ReadLine;
    case "write":
      return write(fields);
    case "delete":
    case "touch":
      return { type, ...operation(fields), key: keyField(fields), ...outcome(fields) };
    case "snapshot":
      return snapshot(fields);
    case "transaction":
      return transaction(fields);
    case "final":
      return final(fields);
    case "final-end":
      return { type, datacenter: countField(fields, "datacenter"), keys: countField(fields, "keys") };
    case "end":
      return { type, lines: countField(fields, "lines") };
    default:
      throw wrong(fields, "type", "a line type of this format version");
  }
}

function parseObject(text: string, line: number): Readonly<Record<string, unknown>> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (cause) {
    throw new HistoryError("HISTORY_BAD_LINE", line, `not JSON: ${text.slice(0, 60)}`, cause);
  }
  if (!isRecord(parsed)) throw badLine(line, "a JSON object is wanted");
  return parsed;
}

function header(fields: Fields): HeaderLine {
  if (fields.record["format"] !== HISTORY_FORMAT) throw wrong(fields, "format", JSON.stringify(HISTORY_FORMAT));
  const formatVersion = historyFormatVersions.find((version) => version === fields.record["formatVersion"]);
  if (formatVersion === undefined) {
    const got = JSON.stringify(fields.record["formatVersion"]) ?? "nothing";
    const known = historyFormatVersions.join(" and ");
    throw new HistoryError("HISTORY_VERSION", 1, `format versions ${known} are known, this is ${got}`);
  }
  const datacenters: unknown = fields.record["datacenters"];
  if (!isListOfNames(datacenters)) throw wrong(fields, "datacenters", "a list of at least one name, none twice");
  return {
    type: "header",
    format: HISTORY_FORMAT,
    formatVersion,
    cluster: textField(fields, "cluster"),
    datacenters,
    clock: oneOf(fields, "clock", ["one", "per-datacenter"]),
    unrecordedWrites: optionalFlag(fields, "unrecordedWrites"),
    collectsTombstones: optionalFlag(fields, "collectsTombstones", formatVersion > 1),
  };
}

function isListOfNames(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || value.length === 0) return false;
  return value.every((name) => typeof name === "string") && new Set(value).size === value.length;
}

function operation(fields: Fields): { session: string; seq: number; start: number; end: number } {
  const start = timeField(fields, "start");
  const end = timeField(fields, "end");
  if (end < start) throw badLine(fields.line, `end ${end} is before start ${start}`);
  return { session: textField(fields, "session"), seq: countField(fields, "seq"), start, end };
}

function attach(fields: Fields): AttachLine {
  const datacenter = countField(fields, "datacenter");
  return { type: "attach", ...operation(fields), datacenter, pasts: pastsField(fields) };
}

function write(fields: Fields): WriteLine {
  const value = optionalText(fields, "value");
  const tag = value === undefined ? {} : { value };
  return { type: "write", ...operation(fields), key: keyField(fields), ...tag, ...outcome(fields) };
}

function outcome(fields: Fields): WriteOutcome {
  const found = oneOf(fields, "outcome", ["ok", "unknown", "refused"]);
  if (found !== "ok") return { outcome: found, ...expiry(fields) };
  return { outcome: found, dot: dotField(fields), version: versionField(fields), ...expiry(fields) };
}

function expiry(fields: Fields): { expires?: true } {
  return optionalFlag(fields, "expires") ? { expires: true } : {};
}

function snapshot(fields: Fields): SnapshotLine {
  const entries = listField(fields, "entries").map(
    (entry) => ({ key: keyField(entry), ...seen(entry) }) satisfies SnapshotEntry,
  );
  return { type: "snapshot", ...operation(fields), entries };
}

function transaction(fields: Fields): TransactionLine {
  const writes = listField(fields, "writes").map(part);
  if (new Set(writes.map(({ key }) => key)).size < writes.length) throw badLine(fields.line, "a key is written twice");
  return { type: "transaction", ...operation(fields), writes, ...outcome(fields) };
}

function part(fields: Fields): TransactionPart {
  const value = optionalText(fields, "value");
  return { key: keyField(fields), ...(value === undefined ? {} : { value }), ...expiry(fields) };
}

function seen(fields: Fields): Seen {
  const saw = oneOf(fields, "saw", ["value", "expired", "tombstone", "never"]);
  return saw === "never" ? { saw } : seenWrite(fields, saw);
}

function seenWrite(fields: Fields, saw: "value" | "expired" | "tombstone"): Exclude<Seen, { saw: "never" }> {
  const dot = dotField(fields);
  const version = versionField(fields);
  if (saw === "tombstone") return { saw, dot, version };
  const value = optionalText(fields, "value");
  return value === undefined ? { saw, dot, version } : { saw, dot, version, value };
}

function final(fields: Fields): FinalLine {
  const saw = oneOf(fields, "saw", ["value", "expired", "tombstone"]);
  const datacenter = countField(fields, "datacenter");
  return { type: "final", datacenter, key: keyField(fields), ...seenWrite(fields, saw) };
}
