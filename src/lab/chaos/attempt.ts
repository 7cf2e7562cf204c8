/*
 * One operation of the workload as it ended, and what it showed, in the words of a history.
 */
import type { ClientError } from "../../client/errors.ts";
import type { VersionedValue, Written } from "../../client/results.ts";
import type { Seen } from "../../history/format.ts";

export type Attempt<T> = { readonly start: number; readonly end: number } & (
  | { readonly result: T }
  | { readonly error: ClientError }
);

export function seenOf(value: VersionedValue): Seen {
  if (value.write === null) return { saw: "never" };
  const { text } = value;
  if (value.tombstone || text === null) return { saw: "tombstone", ...dotAndVersion(value.write) };
  return { saw: "value", value: text, ...dotAndVersion(value.write) };
}

export function dotAndVersion({ dot, version }: Written): {
  dot: [number, number, number];
  version: [number, number, number];
} {
  return {
    dot: [dot.datacenter, dot.partition, dot.seq],
    version: [version.time, version.datacenter, version.partition],
  };
}
