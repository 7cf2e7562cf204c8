/*
 * Random threads of execution against a datacenter whose nodes crash, hang, refuse, lose connections before and after they
 * carry something out, and answer late. Whatever happens:
 *
 * - every promise is settled, and nothing stays in the budget;
 * - no request takes effect twice, one that was answered took effect once, one that was rejected with a definite error did
 *   not at all;
 * - each write of a thread depends on the last one before it whose fate its context knows, and on what it read since;
 * - no read of a thread goes back behind what it saw or wrote;
 * - a write transaction is seen whole or not at all.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Client } from "./client.ts";
import type { ClientContext } from "./client-context.ts";
import { ClientError, UnknownOutcomeError } from "./errors.ts";
import type { VersionedValue, WriteResult } from "./results.ts";
import { connected } from "./testing/connected.ts";
import type { Scene } from "./testing/connected.ts";
import type { FakeNode, Fault } from "./testing/fake-datacenter.ts";
import { replyError } from "../protocol/resp/reply-values.ts";
import { Random } from "../shared/random.ts";

const keys = ["a", "b", "c", "d", "e", "f"];
/** Only ever written together. */
const pair = ["g", "h"];
const opsPerThread = 12;

class Thread {
  readonly definitelyNot = new Set<string>();
  readonly answered = new Set<string>();
  private readonly scene: Scene;
  private readonly random: Random;
  private readonly name: string;
  private readonly context: ClientContext;
  /** What the next write must depend on, as dots; a superset is allowed. */
  private needed = new Set<string>();
  /** By key, the least time that a read may still see. */
  private readonly seen = new Map<string, number>();
  private writes = 0;

  constructor(scene: Scene, random: Random, name: string) {
    this.scene = scene;
    this.random = random;
    this.name = name;
    this.context = scene.client.createContext();
  }

  async run(): Promise<void> {
    for (let i = 0; i < opsPerThread; i++) {
      const die = this.random.below(10);
      if (die < 3) await this.write([this.random.pick(keys)]);
      else if (die < 5) await this.write(this.random.chance(0.5) ? pair : this.someKeys());
      else if (die < 8) await this.reads(1 + this.random.below(3));
      else await this.snapshot();
    }
  }

  private get client(): Client {
    return this.scene.client;
  }

  private async reads(count: number): Promise<void> {
    const asked = Array.from({ length: count }, () => this.random.pick(keys));
    const answers = await Promise.allSettled(
      asked.map((key) => this.client.getVersioned(key, this.context, this.options())),
    );
    for (const [i, answer] of answers.entries()) {
      if (answer.status === "rejected") expect(answer.reason).toBeInstanceOf(ClientError);
      else this.saw(asked[i] as string, answer.value);
    }
  }

  private async snapshot(): Promise<void> {
    const asked = [...this.someKeys(), ...pair];
    try {
      const { values } = await this.client.getTransVersioned(asked, this.context, this.options());
      for (const [i, value] of values.entries()) this.saw(asked[i] as string, value);
      expect(values.at(-1)?.text).toBe(values.at(-2)?.text);
    } catch (error) {
      expect(error).toBeInstanceOf(ClientError);
    }
  }

  private saw(key: string, { write }: VersionedValue): void {
    const time = write === null ? 0 : write.version.time;
    expect(time).toBeGreaterThanOrEqual(this.seen.get(key) ?? 0);
    this.seen.set(key, time);
    if (write !== null) this.needed.add(`${write.dot.datacenter}/${write.dot.partition}/${write.dot.seq}`);
  }

  private someKeys(): string[] {
    return keys.filter(() => this.random.chance(0.5)).concat("i");
  }

  private async write(written: readonly string[]): Promise<void> {
    const value = `${this.name}.${++this.writes}`;
    try {
      await this.put(written, value);
      this.known(written, value);
    } catch (error) {
      if (error instanceof UnknownOutcomeError) await this.settle(error, written, value);
      else this.definitelyNot.add(value);
    }
  }

  private put(written: readonly string[], value: string): Promise<WriteResult> {
    const [first] = written;
    if (first !== undefined && written.length === 1) {
      return this.client.put(first, value, this.context, this.options());
    }
    const writes = written.map((key) => ({ kind: "put", key, value }) as const);
    return this.client.putTrans(writes, this.context, this.options());
  }

  private async settle(error: UnknownOutcomeError, written: readonly string[], value: string): Promise<void> {
    await expect(this.put(written, "never")).rejects.toBeInstanceOf(ClientError);
    for (let i = 0; i < 3; i++) {
      try {
        await error.write.resolve(this.options());
        this.known(written, value);
        return;
      } catch (again) {
        expect(again).toBeInstanceOf(UnknownOutcomeError);
      }
    }
    if (error.write.state === "known") this.known(written, value);
    else error.write.abandon();
  }

  private known(written: readonly string[], value: string): void {
    const writes = this.scene.datacenter.store.history.filter((write) => write.value === value);
    expect(writes.map(({ key }) => key)).toEqual(written);
    const [write] = writes;
    if (write === undefined) return;
    this.answered.add(value);
    for (const dot of this.needed) expect(write.dependsOn).toContain(dot);
    this.needed = new Set([write.dot]);
    for (const key of written) this.seen.set(key, Math.max(this.seen.get(key) ?? 0, write.time));
  }

  private options(): { timeoutMs: number } {
    return { timeoutMs: 50 + this.random.below(400) };
  }
}

function faultOf(random: Random, name: string): Fault | undefined {
  const die = random.below(100);
  if (die < 4) return { kind: "lost before" };
  if (die < 8) return { kind: "lost after" };
  if (die < 14) return { kind: "late", delayMs: 1 + random.below(120) };
  if (die < 18) return { kind: "reply", reply: replyError("BUSY too many") };
  if (die < 20) return { kind: "reply", reply: replyError("UNAVAILABLE the owner is down") };
  if (die < 30 && name === "COPS.PUTTRANS") return { kind: "reply", reply: replyError("CONFLICT another holds a key") };
  if (die < 30 && name === "COPS.GETTRANS") return { kind: "reply", reply: replyError("SNAPSHOTTOOOLD again") };
  return undefined;
}

/** Nodes go down, hang and come back, until `done`. */
async function weather(nodes: readonly FakeNode[], scene: Scene, random: Random, done: () => boolean): Promise<void> {
  while (!done()) {
    const node = random.pick(nodes);
    if (random.chance(0.3)) node.crash();
    else if (random.chance(0.4)) node.hung = true;
    await new Promise<void>((resolve) => {
      scene.time.after(20 + random.below(200), resolve);
    });
    node.up = true;
    node.goOn();
  }
}

async function live(seed: number): Promise<void> {
  const random = new Random(seed);
  const scene = await connected({ seed, silenceMs: 150, retry: { attemptsMax: 6, delayMsMax: 60 } });
  const { time, datacenter, client } = scene;
  for (const node of datacenter.nodes) {
    const own = random.fork(`faults of ${node.index}`);
    node.onCommand = ([name = ""]) => faultOf(own, name);
  }
  const threads = Array.from({ length: 6 }, (_, i) => new Thread(scene, random.fork(`thread ${i}`), `t${i}`));
  let over = false;
  const sky = weather(datacenter.nodes, scene, random.fork("weather"), () => over);
  await time.until(Promise.all(threads.map((thread) => thread.run())));
  over = true;
  await time.until(sky);
  await time.until(client.close());
  expect(client.figures).toMatchObject({ pendingOperations: 0, pendingBytes: 0 });
  judge(scene, threads);
}

function judge(scene: Scene, threads: readonly Thread[]): void {
  const { history } = scene.datacenter.store;
  expect(new Set(history.map((write) => `${write.request} ${write.key}`)).size).toBe(history.length);
  const values = history.map((write) => write.value);
  expect(values).not.toContain("never");
  for (const thread of threads) {
    for (const value of thread.definitelyNot) expect(values).not.toContain(value);
    for (const value of thread.answered) expect(values).toContain(value);
  }
}

describe("a client of a datacenter in bad weather", () => {
  it("keeps its promises", async () => {
    await fc.assert(fc.asyncProperty(fc.nat(), live), { numRuns: 25 });
  });
});
