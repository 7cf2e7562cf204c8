/*
 * Reading the fields of one history line, each checked for type and range, each error naming line and field.
 * Everything later may trust what came through here.
 */
import { badLine } from "./errors.ts";
import type { HistoryDot, HistoryPast, HistoryVersion } from "./format.ts";

/** One parsed line and where it stands. */
export interface Fields {
  readonly line: number;
  readonly record: Readonly<Record<string, unknown>>;
}

export function textField(fields: Fields, name: string): string {
  const value = fields.record[name];
  if (typeof value !== "string") throw wrong(fields, name, "a string");
  return value;
}

export function optionalText(fields: Fields, name: string): string | undefined {
  return fields.record[name] === undefined ? undefined : textField(fields, name);
}

export function optionalFlag(fields: Fields, name: string, otherwise = false): boolean {
  const value = fields.record[name] ?? otherwise;
  if (typeof value !== "boolean") throw wrong(fields, name, "true or false");
  return value;
}

const notOneByte = /[^\u0000-\u00ff]/;

/** A byte string: each character is one byte, so nothing above U+00FF may occur. */
export function keyField(fields: Fields): string {
  const key = textField(fields, "key");
  if (notOneByte.test(key)) throw wrong(fields, "key", "a string of characters U+0000 to U+00FF, one per byte");
  return key;
}

export function countField(fields: Fields, name: string): number {
  const value = fields.record[name];
  if (!isCount(value)) throw wrong(fields, name, "a whole number from 0");
  return value;
}

export function timeField(fields: Fields, name: string): number {
  const value = fields.record[name];
  if (typeof value !== "number" || !Number.isFinite(value)) throw wrong(fields, name, "a number of milliseconds");
  return value;
}

export function dotField(fields: Fields): HistoryDot {
  const value = fields.record["dot"];
  if (!isTripleOfCounts(value)) throw wrong(fields, "dot", "[datacenter, partition, seq], whole numbers");
  return value;
}

export function versionField(fields: Fields): HistoryVersion {
  const value = fields.record["version"];
  if (isTripleOfCounts(value) || isTwoTriplesOfCounts(value)) return value;
  throw wrong(fields, "version", "[time, datacenter, partition], once or (with a touch) twice, whole numbers");
}

/** The objects of a list that has at least one, each to be read as a line is. */
export function listField(fields: Fields, name: string): readonly Fields[] {
  const value = fields.record[name];
  if (!Array.isArray(value) || value.length === 0 || !value.every(isRecord)) {
    throw wrong(fields, name, "a list of at least one object");
  }
  return value.map((record) => ({ line: fields.line, record }));
}

export function pastsField(fields: Fields): readonly HistoryPast[] {
  const value = fields.record["pasts"] ?? [];
  if (!Array.isArray(value) || !value.every(isPast)) throw wrong(fields, "pasts", "a list of [session, seq]");
  return value;
}

export function oneOf<Choice extends string>(fields: Fields, name: string, choices: readonly Choice[]): Choice {
  const value = fields.record[name];
  const found = choices.find((choice) => choice === value);
  if (found === undefined) throw wrong(fields, name, `one of ${choices.join(", ")}`);
  return found;
}

export function wrong(fields: Fields, name: string, wanted: string): Error {
  const value: unknown = fields.record[name];
  const got = value === undefined ? "nothing" : (JSON.stringify(value) ?? "nothing").slice(0, 60);
  return badLine(fields.line, `${name} must be ${wanted}, and is ${got}`);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

function isTripleOfCounts(value: unknown): value is readonly [number, number, number] {
  return Array.isArray(value) && value.length === 3 && isCount(value[0]) && isCount(value[1]) && isCount(value[2]);
}

function isTwoTriplesOfCounts(value: unknown): value is readonly [number, number, number, number, number, number] {
  return Array.isArray(value) && value.length === 6 && value.every(isCount);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isPast(value: unknown): value is HistoryPast {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === "string" && isCount(value[1]);
}
