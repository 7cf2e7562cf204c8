/*
 * The arguments of the commands that write, as a fake datacenter reads them.
 */
import { ByteReader } from "../../protocol/byte-reader.ts";
import { decodeDependencies } from "../../protocol/dependencies.ts";
import { formatDot } from "../../protocol/version.ts";
import { bytesOf } from "../../shared/bytes.ts";

export interface FakeWrite {
  readonly key: string;
  /** Null for a delete. */
  readonly value: string | null;
  /** NX, XX or the text of a version. */
  condition: string | undefined;
  /** 0 for never. */
  expiryUnixMs: number;
}

export interface FakeRequest {
  dependsOn: readonly string[];
  floor: number;
  client: string | undefined;
  number: number;
  below: number;
  readonly writes: FakeWrite[];
}

export function requestOf(writes: FakeWrite[] = []): FakeRequest {
  return { dependsOn: [], floor: 0, client: undefined, number: 0, below: 0, writes };
}

/** COPS.PUTAFTER, COPS.DELAFTER and COPS.PUTTRANS. */
export function parseWrite(command: readonly string[]): FakeRequest {
  const words = [...command].toReversed();
  const next = (): string => words.pop() as string;
  const name = next();
  const request = requestOf();
  let write: FakeWrite = { key: "", value: null, condition: undefined, expiryUnixMs: 0 };
  if (name !== "COPS.PUTTRANS") {
    write = { ...write, key: next(), value: name === "COPS.PUTAFTER" ? next() : null };
    request.writes.push(write);
  }
  let missing = request.writes.length;
  while (words.length > 0) {
    const word = next();
    if (word === "CONTEXT") request.dependsOn = dotsOf(next());
    else if (word === "FLOOR") request.floor = Number(next());
    else if (word === "REQUEST") {
      request.client = next();
      request.number = Number(next());
      request.below = Number(next());
    } else if (word === "NX" || word === "XX") write.condition = word;
    else if (word === "VERSION") write.condition = next();
    else if (word === "PXAT") write.expiryUnixMs = Number(next());
    else if (word === "SET" || word === "SETPX" || word === "DEL") {
      const key = next();
      const value = word === "DEL" ? null : next();
      write = { key, value, condition: undefined, expiryUnixMs: word === "SETPX" ? Number(next()) : 0 };
      request.writes.push(write);
    } else missing = Number(word);
  }
  if (request.writes.length !== missing) throw new Error(`${missing} writes announced: ${command.join(" ")}`);
  return request;
}

/** The keys that a command is about. */
export function keysIn(command: readonly string[]): readonly string[] {
  const [name, key = ""] = command;
  if (name === "COPS.GETTRANS") return command.slice(3);
  if (name === "COPS.PUTTRANS") return parseWrite(command).writes.map((write) => write.key);
  return [key];
}

/** The dots of an encoded context, as `datacenter/partition/seq`. */
function dotsOf(context: string): string[] {
  const { dots } = decodeDependencies(new ByteReader(bytesOf(context)));
  const names: string[] = [];
  for (let i = 0; i < dots.length; i += 2) names.push(formatDot(dots[i] as number, dots[i + 1] as number));
  return names.toSorted();
}
