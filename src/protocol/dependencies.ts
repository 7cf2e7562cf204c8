/*
 * The dependencies of one write (design, 3.3 and 3.4): exact dots, and prefixes ("every seq up to n of this origin").
 *
 * Kept as two flat arrays of pairs, [origin, seq, origin, seq, ...], because they are copied from context to log to wire
 * and read once: no object per dependency.
 */
import { DecodeError } from "./byte-reader.ts";
import type { ByteReader } from "./byte-reader.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { datacenterOf, originOf, partitionOf } from "./version.ts";
import { datacentersMax, dependenciesMax, partitionsMax } from "../shared/limits.ts";

export interface Dependencies {
  /** Pairs of origin and seq: this very write must be applied. */
  readonly dots: readonly number[];
  /** Pairs of origin and seq: every write of the origin up to this seq must be applied. */
  readonly prefixes: readonly number[];
}

export const noDependencies: Dependencies = { dots: [], prefixes: [] };

export function encodeDependencies(writer: ByteWriter, dependencies: Dependencies): void {
  encodePairs(writer, dependencies.dots);
  encodePairs(writer, dependencies.prefixes);
}

function encodePairs(writer: ByteWriter, pairs: readonly number[]): void {
  writer.u16(pairs.length / 2);
  for (let i = 0; i < pairs.length; i += 2) {
    const origin = pairs[i] as number;
    writer.u16(datacenterOf(origin));
    writer.u16(partitionOf(origin));
    writer.u64(pairs[i + 1] as number);
  }
}

export function decodeDependencies(reader: ByteReader): Dependencies {
  const dots = decodePairs(reader);
  const prefixes = decodePairs(reader);
  return dots.length === 0 && prefixes.length === 0 ? noDependencies : { dots, prefixes };
}

function decodePairs(reader: ByteReader): number[] {
  const count = reader.u16();
  if (count > dependenciesMax) throw new DecodeError(`${count} dependencies, at most ${dependenciesMax} are allowed`);
  const pairs: number[] = [];
  for (let i = 0; i < count; i++) {
    const datacenter = reader.u16();
    const partition = reader.u16();
    if (datacenter >= datacentersMax || partition >= partitionsMax) {
      throw new DecodeError(`no such origin: datacenter ${datacenter}, partition ${partition}`);
    }
    pairs.push(originOf(datacenter, partition), reader.u64());
  }
  return pairs;
}
