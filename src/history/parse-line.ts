/*
 * One line of text becomes one checked `HistoryLine`, or an error that names the line and the field at fault.
 *
 * What is checked here is what can be seen in the line alone. That sessions exist, that datacenters are in range and that
 * `seq` does not repeat is checked where the lines meet (src/lab/check/load.ts).
 */
import { HistoryError, badLine } from "./errors.ts";
import { HISTORY_FORMAT, HISTORY_FORMAT_VERSION } from "./format.ts";
import type {
  AttachLine,
  FinalLine,
  HeaderLine,
  HistoryLine,
  ReadLine,
  Seen,
  WriteLine,
  WriteOutcome,
} from "./format.ts";
import {
  countField,
  dotField,
  keyField,
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
      return { type, ...operation(fields), key: keyField(fields), ...outcome(fields) };
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

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function header(fields: Fields): HeaderLine {
  if (fields.record["format"] !== HISTORY_FORMAT) throw wrong(fields, "format", JSON.stringify(HISTORY_FORMAT));
  if (fields.record["formatVersion"] !== HISTORY_FORMAT_VERSION) {
    const got = JSON.stringify(fields.record["formatVersion"]) ?? "nothing";
    throw new HistoryError("HISTORY_VERSION", 1, `format version ${HISTORY_FORMAT_VERSION} is known, this is ${got}`);
  }
  const datacenters: unknown = fields.record["datacenters"];
  if (!isListOfNames(datacenters)) throw wrong(fields, "datacenters", "a list of at least one name, none twice");
  return {
    type: "header",
    format: HISTORY_FORMAT,
    formatVersion: HISTORY_FORMAT_VERSION,
    cluster: textField(fields, "cluster"),
    datacenters,
    clock: oneOf(fields, "clock", ["one", "per-datacenter"]),
    unrecordedWrites: optionalFlag(fields, "unrecordedWrites"),
    collectsTombstones: optionalFlag(fields, "collectsTombstones"),
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
  if (found !== "ok") return { outcome: found };
  return { outcome: found, dot: dotField(fields), version: versionField(fields) };
}

function seen(fields: Fields): Seen {
  const saw = oneOf(fields, "saw", ["value", "tombstone", "never"]);
  return saw === "never" ? { saw } : seenWrite(fields, saw);
}

function seenWrite(fields: Fields, saw: "value" | "tombstone"): Exclude<Seen, { saw: "never" }> {
  const dot = dotField(fields);
  const version = versionField(fields);
  if (saw === "tombstone") return { saw, dot, version };
  const value = optionalText(fields, "value");
  return value === undefined ? { saw, dot, version } : { saw, dot, version, value };
}

function final(fields: Fields): FinalLine {
  const saw = oneOf(fields, "saw", ["value", "tombstone"]);
  const datacenter = countField(fields, "datacenter");
  return { type: "final", datacenter, key: keyField(fields), ...seenWrite(fields, saw) };
}
