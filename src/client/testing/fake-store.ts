/*
 * What the nodes of a fake datacenter serve: one map, one clock, numbered requests as the real nodes keep them (a number
 * that is known is answered again, one below `answeredBelow` is refused). Keeps a record of every write, to be judged.
 */
import { ByteReader } from "../../protocol/byte-reader.ts";
import { decodeDependencies } from "../../protocol/dependencies.ts";
import { formatDot, originOf } from "../../protocol/version.ts";
import type { ReplyValue } from "../../protocol/resp/reply-values.ts";
import { replyError } from "../../protocol/resp/reply-values.ts";
import { bytesOf } from "../../shared/bytes.ts";
import { murmur3 } from "../../shared/murmur3.ts";
import type { Command } from "../transport.ts";

export interface StoredWrite {
  readonly key: string;
  /** Null for a delete. */
  readonly value: string | null;
  readonly time: number;
  readonly partition: number;
  readonly seq: number;
  /** datacenter/partition/seq */
  readonly dot: string;
  readonly dependsOn: readonly string[];
  readonly floor: number;
  /** client and number, undefined if it had none. */
  readonly request: string | undefined;
}

interface KnownClient {
  answeredBelow: number;
  readonly answers: Map<number, StoredWrite>;
}

export class FakeStore {
  readonly datacenter: number = 0;
  readonly partitions: number;
  readonly history: StoredWrite[] = [];
  readonly current = new Map<string, StoredWrite>();
  /** Dots that are stable: `datacenter/partition/seq`. */
  readonly stable = new Set<string>();
  clock = 4096;
  private readonly clients = new Map<string, KnownClient>();

  constructor(partitions: number) {
    this.partitions = partitions;
  }

  partitionOf(key: string): number {
    return murmur3(key, 0) % this.partitions;
  }

  read(command: Command): ReplyValue {
    const key = command[1] as string;
    const partition = this.partitionOf(key);
    this.clock++;
    const found = this.current.get(key);
    if (found === undefined) return [null, 0, 0, partition, 0, this.clock, 1, 0];
    const { value, time, seq, dot } = found;
    const stable = this.stable.has(dot) ? 1 : 0;
    return [value, time, this.datacenter, partition, seq, this.clock, stable, value === null ? 1 : 0];
  }

  write(command: Command): ReplyValue {
    const isPut = command[0] === "COPS.PUTAFTER";
    const key = command[1] as string;
    const options = optionsOf(command.slice(isPut ? 3 : 2));
    const known = this.answered(options);
    if (known === "forgotten") return replyError("STALEREQUEST forgotten");
    if (known !== undefined) return this.answer(1, known);
    const found = this.current.get(key);
    const present = found !== undefined && found.value !== null;
    if (options.condition !== undefined && present !== (options.condition === "XX")) return this.answer(0, found);
    return this.answer(1, this.apply(key, isPut ? (command[2] as string) : null, options));
  }

  /** A write without a context, as from another client. */
  put(key: string, value: string | null): StoredWrite {
    return this.apply(key, value, {
      dependsOn: [],
      floor: 0,
      client: undefined,
      number: 0,
      below: 0,
      condition: undefined,
    });
  }

  private apply(key: string, value: string | null, options: WriteOptions): StoredWrite {
    const partition = this.partitionOf(key);
    this.clock = Math.max(this.clock, options.floor) + 1;
    const seq = this.history.filter((write) => write.partition === partition).length + 1;
    const dot = formatDot(originOf(this.datacenter, partition), seq);
    const { dependsOn, floor, client, number } = options;
    const request = client === undefined ? undefined : `${client} ${number}`;
    const write: StoredWrite = { key, value, time: this.clock, partition, seq, dot, dependsOn, floor, request };
    this.history.push(write);
    this.current.set(key, write);
    if (client !== undefined) this.remember(client, options, write);
    return write;
  }

  private answered(options: WriteOptions): StoredWrite | "forgotten" | undefined {
    const known = options.client === undefined ? undefined : this.clients.get(options.client);
    if (known === undefined) return undefined;
    return known.answers.get(options.number) ?? (options.number < known.answeredBelow ? "forgotten" : undefined);
  }

  private remember(client: string, options: WriteOptions, write: StoredWrite): void {
    const known = this.clients.get(client) ?? { answeredBelow: 0, answers: new Map<number, StoredWrite>() };
    this.clients.set(client, known);
    known.answeredBelow = Math.max(known.answeredBelow, options.below);
    for (const number of known.answers.keys()) if (number < known.answeredBelow) known.answers.delete(number);
    known.answers.set(options.number, write);
  }

  private answer(written: number, write: StoredWrite | undefined): ReplyValue {
    if (write === undefined) return [written, 0, 0, 0, 0, this.clock];
    return [written, write.time, this.datacenter, write.partition, write.seq, this.clock];
  }
}

interface WriteOptions {
  dependsOn: readonly string[];
  floor: number;
  client: string | undefined;
  number: number;
  below: number;
  condition: string | undefined;
}

function optionsOf(words: readonly string[]): WriteOptions {
  const options: WriteOptions = {
    dependsOn: [],
    floor: 0,
    client: undefined,
    number: 0,
    below: 0,
    condition: undefined,
  };
  for (let i = 0; i < words.length; i++) {
    const word = words[i] as string;
    if (word === "CONTEXT") options.dependsOn = dotsOf(words[++i] as string);
    else if (word === "FLOOR") options.floor = Number(words[++i]);
    else if (word === "REQUEST") {
      options.client = words[++i];
      options.number = Number(words[++i]);
      options.below = Number(words[++i]);
    } else options.condition = word;
  }
  return options;
}

/** The dots of an encoded context, as `datacenter/partition/seq`. */
function dotsOf(context: string): string[] {
  const { dots } = decodeDependencies(new ByteReader(bytesOf(context)));
  const names: string[] = [];
  for (let i = 0; i < dots.length; i += 2) names.push(formatDot(dots[i] as number, dots[i + 1] as number));
  return names.toSorted();
}
