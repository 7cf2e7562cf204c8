/*
 * What the nodes of a fake datacenter serve: one map, one clock, numbered requests as the real nodes keep them (a number
 * that is known is answered again, one below `answeredBelow` is refused). Keeps a record of every write, to be judged.
 */
import { parseWrite, requestOf } from "./fake-arguments.ts";
import type { FakeRequest, FakeWrite } from "./fake-arguments.ts";
import { formatDot, originOf } from "../../protocol/version.ts";
import type { ReplyValue } from "../../protocol/resp/reply-values.ts";
import { replyError } from "../../protocol/resp/reply-values.ts";
import { murmur3 } from "../../shared/murmur3.ts";
import { carry } from "../commands.ts";
import type { Command } from "../transport.ts";

export interface StoredWrite {
  readonly key: string;
  /** Null for a delete. */
  readonly value: string | null;
  /** Of its version: of a transaction's write, the partition of the first key. */
  readonly time: number;
  readonly partition: number;
  readonly dotPartition: number;
  readonly seq: number;
  /** datacenter/partition/seq */
  readonly dot: string;
  readonly dependsOn: readonly string[];
  readonly floor: number;
  /** client and number, undefined if it had none. */
  readonly request: string | undefined;
  /** 0 for never. */
  readonly expiryUnixMs: number;
}

interface KnownClient {
  answeredBelow: number;
  readonly answers: Map<number, () => ReplyValue>;
}

export class FakeStore {
  readonly datacenter: number = 0;
  readonly partitions: number;
  readonly history: StoredWrite[] = [];
  readonly current = new Map<string, StoredWrite>();
  /** Dots that are stable: `datacenter/partition/seq`. */
  readonly stable = new Set<string>();
  clock = 4096;
  private readonly unixMs: () => number;
  private readonly clients = new Map<string, KnownClient>();
  /** The last one given, by partition. */
  private readonly seqs = new Map<number, number>();

  constructor(partitions: number, unixMs: () => number) {
    this.partitions = partitions;
    this.unixMs = unixMs;
  }

  partitionOf(key: string): number {
    return murmur3(key, 0) % this.partitions;
  }

  read(command: Command): ReplyValue {
    this.clock++;
    return this.entry(command[1] as string);
  }

  snapshot(command: Command): ReplyValue {
    this.clock = Math.max(this.clock, Number(command[2])) + 1;
    return [this.clock, this.clock, command.slice(3).map((key) => this.entry(key))];
  }

  write(command: Command): ReplyValue {
    const request = parseWrite(command);
    const known = this.answered(request);
    if (known !== undefined) return known;
    const { writes } = request;
    const failing = writes.find((write) => !this.holds(write));
    const found = failing === undefined || command[0] === "COPS.PUTTRANS" ? undefined : this.current.get(failing.key);
    const written = failing === undefined ? this.apply(request) : undefined;
    const judged = command[0] === "COPS.PUTTRANS" && written === undefined ? [this.judgedBy(writes)] : [];
    const length = command[0] === "COPS.PUTTRANS" ? 6 : 8;
    const answer = (): ReplyValue => [
      ...this.answer(written ?? found, written !== undefined).slice(0, length),
      ...judged,
    ];
    this.remember(request, answer);
    return answer();
  }

  /** A write without a context, as from another client. */
  put(key: string, value: string | null, expiryUnixMs = 0): StoredWrite {
    return this.apply(requestOf([{ key, value, condition: undefined, expiryUnixMs }]));
  }

  /** A transaction, likewise. */
  putTrans(values: Record<string, string>): StoredWrite {
    const writes = Object.entries(values).map(([key, value]) => ({
      key,
      value,
      condition: undefined,
      expiryUnixMs: 0,
    }));
    return this.apply(requestOf(writes));
  }

  /** Sets when the value expires, and leaves it as it is: another dot, the same version. */
  expire(key: string, expiryUnixMs: number): StoredWrite {
    const found = this.current.get(key) as StoredWrite;
    const touched = { ...found, ...this.nextDot(this.partitionOf(key)), expiryUnixMs };
    this.current.set(key, touched);
    return touched;
  }

  private entry(key: string): ReplyValue {
    const found = this.current.get(key);
    if (found === undefined) return [null, 0, 0, this.partitionOf(key), 0, this.clock, 1, 0, 0, 0, 0];
    const { time, partition, seq, dot, dotPartition, expiryUnixMs } = found;
    const value = this.isAlive(found) ? found.value : null;
    const stable = this.stable.has(dot) ? 1 : 0;
    const version = [time, this.datacenter, partition];
    const tombstone = value === null ? 1 : 0;
    return [value, ...version, seq, this.clock, stable, tombstone, this.datacenter, dotPartition, expiryUnixMs];
  }

  private isAlive(write: StoredWrite | undefined): write is StoredWrite {
    if (write === undefined || write.value === null) return false;
    return write.expiryUnixMs === 0 || write.expiryUnixMs > this.unixMs();
  }

  private holds({ key, condition }: FakeWrite): boolean {
    const found = this.current.get(key);
    const present = this.isAlive(found);
    if (condition === undefined) return true;
    if (condition === "XX") return present;
    if (condition === "NX" || condition === "none") return !present;
    return present && condition === `${found.time}/${this.datacenter}/${found.partition}`;
  }

  /** Answers the first of the writes; all have its version and its dot. */
  private apply({ writes, dependsOn, floor, client, number }: FakeRequest): StoredWrite {
    const [first] = writes;
    if (first === undefined) throw new Error("a write of nothing");
    const partition = this.partitionOf(first.key);
    this.clock = Math.max(this.clock, floor) + 1;
    const request = client === undefined ? undefined : `${client} ${number}`;
    const common = { time: this.clock, partition, ...this.nextDot(partition), dependsOn, floor, request };
    for (const { key, value, expiryUnixMs } of writes) {
      const write: StoredWrite = { key, value, expiryUnixMs, ...common };
      this.history.push(write);
      this.current.set(key, write);
    }
    return this.current.get(first.key) as StoredWrite;
  }

  private nextDot(dotPartition: number): Pick<StoredWrite, "dot" | "dotPartition" | "seq"> {
    const seq = (this.seqs.get(dotPartition) ?? 0) + 1;
    this.seqs.set(dotPartition, seq);
    return { dotPartition, seq, dot: formatDot(originOf(this.datacenter, dotPartition), seq) };
  }

  private answered({ client, number }: FakeRequest): ReplyValue | undefined {
    const known = client === undefined ? undefined : this.clients.get(client);
    if (known === undefined) return undefined;
    const answer = known.answers.get(number);
    if (answer !== undefined) return answer();
    return number < known.answeredBelow ? replyError("STALEREQUEST forgotten") : undefined;
  }

  private remember({ client, number, below }: FakeRequest, answer: () => ReplyValue): void {
    if (client === undefined) return;
    const known = this.clients.get(client) ?? { answeredBelow: 0, answers: new Map<number, () => ReplyValue>() };
    this.clients.set(client, known);
    known.answeredBelow = Math.max(known.answeredBelow, below);
    for (const old of known.answers.keys()) if (old < known.answeredBelow) known.answers.delete(old);
    known.answers.set(number, answer);
  }

  /** What the conditions of these were judged against, as dependencies. */
  private judgedBy(writes: readonly FakeWrite[]): string {
    const dots = writes.flatMap(({ key, condition }) => {
      const found = condition === undefined ? undefined : this.current.get(key);
      return found === undefined ? [] : [originOf(this.datacenter, found.dotPartition), found.seq];
    });
    return carry({ dots, prefixes: [] }, 0).dependencies;
  }

  private answer(write: StoredWrite | undefined, isWritten: boolean): number[] {
    const written = isWritten ? 1 : 0;
    if (write === undefined) return [written, 0, 0, 0, 0, this.clock, 0, 0];
    const { time, partition, seq, dotPartition } = write;
    return [written, time, this.datacenter, partition, seq, this.clock, this.datacenter, dotPartition];
  }
}
