/*
 * A simulated client: one thread of execution after another, each on a session of some node. It thinks, then does something:
 * a burst of operations in one pipeline, a chain of dependent ones, a move to another datacenter with a token, the adoption
 * of what another client had seen, a numbered request that it repeats until it knows the outcome, a part in the photo album
 * or the three friends of the paper, or a long time of reading alone.
 *
 * When its node crashes the thread is over, unless a token taken before carries it on.
 */
import { ReadOperation } from "./client-operations.ts";
import { ClientRequests } from "./client-requests.ts";
import { SnapshotOperation } from "./snapshot-operation.ts";
import { plainWrite, TransactionOperation, WriteOperation } from "./write-operation.ts";
import type { WriteChoice } from "./write-operation.ts";
import {
  conditionAbsent,
  conditionExpiresLater,
  conditionExpiresSooner,
  conditionExpiring,
  conditionLasting,
  conditionNone,
  conditionPresent,
  conditionVersion,
  expiryKept,
} from "../../protocol/messages/forward.ts";
import type { Condition } from "../../protocol/messages/forward.ts";
import { effectAssign, effectDelete, effectExpire } from "../../protocol/version.ts";

const pipelineMax = 64;
const moveTimeoutMs = 4_000;
const expiryConditions: readonly Condition[] = [
  conditionNone,
  conditionLasting,
  conditionExpiring,
  conditionExpiresSooner,
  conditionExpiresLater,
];
const albums = 2;
const photosPerAlbum = 6;

export class Client extends ClientRequests {
  /** Bursts of reads to come, before it does anything else. */
  private browsing = 0;
  private stopped = false;
  /** How often it had time to do something, and the operations of this time. */
  private thoughts = 0;
  private operations = 0;

  /** Begins nothing new. */
  stop(): void {
    this.stopped = true;
  }

  get isIdle(): boolean {
    return this.outstanding.size === 0 && !this.busy;
  }

  describe(): string {
    return `${this.name}: ${this.outstanding.size} outstanding${this.busy ? ", busy" : ""}, node ${this.node.id}`;
  }

  live(): void {
    const { thinkMs } = this.parts.plan;
    this.parts.scheduler.after(1 + this.parts.random.below(thinkMs * 200) / 100, () => {
      if (this.stopped) return;
      this.thoughts++;
      if (!this.busy) {
        this.operations = 0;
        this.random = this.parts.random.fork(`thought ${this.thoughts}`);
        this.act();
      }
      this.live();
    });
  }

  /** Whether the next operation of this thought is done. */
  private isNext(): boolean {
    return this.parts.isChosen(`${this.thoughts}.${++this.operations}`);
  }

  private act(): void {
    if (!this.open && !this.openThread()) return;
    const { plan } = this.parts;
    if (this.browsing > 0) {
      this.browsing--;
      this.readSome();
      return;
    }
    const actions: [number, () => void][] = [
      [plan.read + plan.write + plan.remove + plan.conditional, () => this.burst()],
      [plan.chain, () => this.chain()],
      [plan.scan, () => this.scan()],
      [plan.move, () => this.move()],
      [plan.adopt, () => this.adopt()],
      [plan.numbered, () => this.numberedWrite()],
      [plan.hangUp, () => this.hangUp()],
      [plan.album, () => this.album()],
      [plan.browse, () => this.browse()],
      [plan.rewrite, () => this.rewrite()],
      [plan.snapshot, () => this.snapshots()],
      [plan.transaction, () => this.transactions()],
      [plan.permissions, () => this.permissions()],
    ];
    this.weighted(actions)();
  }

  private weighted<T>(choices: readonly (readonly [number, T])[]): T {
    let left = this.random.below(choices.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, choice] of choices) {
      if (left < weight) return choice;
      left -= weight;
    }
    return (choices[0] as readonly [number, T])[1];
  }

  private key(): string {
    const { keys, hotKeys } = this.parts.plan;
    return `k${this.random.chance(0.4) ? this.random.below(hotKeys) : this.random.below(keys)}`;
  }

  private burst(): void {
    const { plan } = this.parts;
    const count = 1 + this.random.below(plan.burstMax);
    for (let i = 0; i < count && this.outstanding.size < pipelineMax; i++) {
      this.weighted<() => void>([
        [plan.read, () => this.read(this.key())],
        [plan.write, () => this.write({ key: this.key() })],
        [plan.remove, () => this.write({ key: this.key(), effect: effectDelete })],
        [plan.conditional, () => this.conditional()],
        [plan.expiring, () => this.expiring()],
        [plan.touch, () => this.touch()],
        [plan.compare, () => this.compare()],
        [plan.snapshot, () => this.snapshot(this.someKeys(6))],
        [Math.min(plan.transaction, 1), () => this.transaction(this.someKeys(5))],
      ])();
    }
  }

  private read(key: string): void {
    if (this.isNext()) this.submit(new ReadOperation(this, key));
  }

  private write(choice: Partial<WriteChoice> & { key: string }): void {
    if (this.isNext()) this.submit(new WriteOperation(this, { ...plainWrite(choice.key), ...choice }, undefined));
  }

  private snapshot(keys: readonly string[]): void {
    if (this.isNext()) this.submit(new SnapshotOperation(this, keys));
  }

  private writeAll(choices: readonly WriteChoice[]): void {
    if (this.isNext()) this.submit(new TransactionOperation(this, choices, undefined));
  }

  private conditional(): void {
    const remove = this.random.chance(0.4);
    const condition = remove || this.random.chance(0.5) ? conditionPresent : conditionAbsent;
    this.write({ key: this.key(), effect: remove ? effectDelete : effectAssign, condition });
  }

  /** At least two. */
  private someKeys(max: number): string[] {
    const keys = new Set<string>();
    for (let i = 2 + this.random.below(max - 1); i > 0; i--) keys.add(this.key());
    for (let i = 0; keys.size < 2; i++) keys.add(`k${i}`);
    return [...keys];
  }

  /** A time in the near future, by this node's clock; now and then past, or never. */
  private expiry(): number {
    const inMs = this.random.pick([-100, 20, 200, 1_000, 4_000]);
    return this.random.chance(0.1) ? 0 : this.node.clock.read(this.nowMs()) + inMs;
  }

  private expiring(): void {
    const key = this.key();
    if (this.random.chance(0.8)) this.write({ key, expiry: this.expiry() });
    else this.write({ key, expiry: expiryKept });
  }

  private touch(): void {
    const condition = this.random.pick(expiryConditions);
    this.write({ key: this.key(), effect: effectExpire, expiry: this.expiry(), condition });
  }

  /** Compare and set: what it has seen last, or nothing where it has seen nothing. */
  private compare(): void {
    const key = this.key();
    this.read(key);
    const seen = this.thread.newestOf(key);
    const nothing = { time: 0, datacenter: 0, partition: 0 };
    const expected = seen === undefined || seen.deleted ? nothing : seen;
    this.write({ key, condition: conditionVersion, expected });
  }

  private snapshots(): void {
    for (let i = this.random.below(3); i >= 0; i--) {
      this.snapshot(this.someKeys(6));
      if (this.random.chance(0.3)) this.read(this.key());
    }
  }

  private transactions(): void {
    const keys = this.someKeys(5);
    const isNumbered = this.random.chance(0.3);
    if (this.random.chance(0.3)) this.read(this.key());
    if (!isNumbered) this.transaction(keys);
    else if (this.isNext()) {
      const choices = this.choicesFor(keys);
      this.numbered((request) => new TransactionOperation(this, choices, request));
      return;
    }
    const then = this.random.below(4);
    if (then < 2) for (const key of keys) this.read(key);
    if (then === 2) this.snapshot(this.someKeys(6));
    if (this.random.chance(0.3)) this.write({ key: this.key() });
  }

  private transaction(keys: readonly string[]): void {
    this.writeAll(this.choicesFor(keys));
  }

  /** Most are plain; some are all or nothing on a condition, some delete, expire or change an expiry. */
  private choicesFor(keys: readonly string[]): WriteChoice[] {
    const { random } = this;
    const all: Condition = random.chance(0.2) ? random.pick([conditionAbsent, conditionPresent]) : conditionNone;
    const { expiring, touch } = this.parts.plan;
    return keys.map((key): WriteChoice => {
      const plain = { ...plainWrite(key), condition: random.chance(0.8) ? all : conditionNone };
      if (random.chance(0.15)) return { ...plain, effect: effectDelete };
      if (expiring > 0 && random.chance(0.15)) return { ...plain, expiry: this.expiry() };
      if (touch > 0 && random.chance(0.1)) {
        return { ...plain, effect: effectExpire, expiry: this.expiry(), condition: conditionNone };
      }
      return plain;
    });
  }

  /**
   * Section 4.6 of the paper: Alice cuts somebody off from her album, then adds what he must not see: by two writes, or by one
   * transaction. No snapshot shows the new photos under the old permissions.
   */
  private permissions(): void {
    const [list, album] = ["permissions", "private-album"];
    const roles: readonly (() => void)[] = [
      () => {
        this.write({ key: list });
        this.write({ key: album });
      },
      () => this.writeAll([plainWrite(list), plainWrite(album)]),
      () => {
        this.read(list);
        this.write({ key: album });
      },
      () => this.snapshot([list, album]),
      () => this.snapshot([album, list]),
    ];
    this.random.pick(roles)();
  }

  /** Each write depends on the one before, and on what was read between. */
  private chain(): void {
    for (let i = 1 + this.random.below(4); i > 0 && this.outstanding.size < pipelineMax; i--) {
      if (this.random.chance(0.5)) this.read(this.key());
      this.write({ key: this.key() });
    }
  }

  /** Reads for long: its context grows, or what it saw becomes stable meanwhile. */
  private browse(): void {
    this.browsing = 10 + this.random.below(60);
    this.count("long reading");
  }

  private readSome(): void {
    for (let i = this.random.below(4); i >= 0 && this.outstanding.size < pipelineMax; i--) this.read(this.key());
  }

  private rewrite(): void {
    const key = this.key();
    for (const effect of [effectAssign, effectDelete, effectAssign] as const) this.write({ key, effect });
    this.read(key);
    if (this.random.chance(0.5)) this.write({ key, effect: effectDelete });
  }

  /**
   * One of three friends: the first uploads a photo, then puts it into the album; the second sees the album and comments;
   * the third sees the comment, then looks for the album and the photo, which must be there.
   */
  private album(): void {
    const album = this.random.below(albums);
    const photo = `photo${album}-${this.random.below(photosPerAlbum)}`;
    const friends: readonly (() => void)[] = [
      () => {
        this.write({ key: photo });
        this.read(`album${album}`);
        this.write({ key: `album${album}` });
      },
      () => {
        this.read(`album${album}`);
        this.write({ key: `comments${album}` });
      },
      () => {
        this.read(`comments${album}`);
        this.read(`album${album}`);
        this.read(photo);
      },
    ];
    this.random.pick(friends)();
  }

  /** The connection goes away in the middle of what it asked for. */
  private hangUp(): void {
    this.burst();
    if (!this.isNext()) return;
    for (const operation of this.outstanding) operation.abandoned();
    this.outstanding.clear();
    this.leave();
    this.endThread();
  }

  /** Reads everything, so that its context grows beyond its bound, then writes. */
  private scan(): void {
    const { keys } = this.parts.plan;
    if (this.outstanding.size > 0) return;
    for (let key = 0; key < keys; key++) this.read(`k${key}`);
    this.write({ key: this.key() });
  }

  /** Goes on in any datacenter, its own included. */
  private move(): void {
    if (!this.isNext()) return;
    this.withToken((token) => {
      this.count("move");
      this.goTo(token, this.random.below(this.parts.nodes.length), moveTimeoutMs, (isThere) => {
        this.busy = false;
        if (!isThere) this.endThread();
      });
    });
  }

  /** Takes over what another client had seen, wherever that was. */
  private adopt(): void {
    const { tokens } = this.parts;
    if (tokens.length === 0 || !this.isNext()) return;
    const token = this.random.pick(tokens);
    this.busy = true;
    this.onCrash = () => this.endThread();
    this.attach(token, 1 + this.random.below(moveTimeoutMs), [token.history], (isThere) => {
      this.onCrash = undefined;
      this.busy = false;
      this.count(isThere ? "adopted" : "adoption timed out");
    });
  }

  /** A numbered write of one key. */
  private numberedWrite(): void {
    if (!this.isNext()) return;
    this.numbered((request) => {
      const condition: Condition = this.random.chance(0.2) ? conditionAbsent : conditionNone;
      const key = this.key();
      const effect = this.random.chance(0.1) ? effectDelete : effectAssign;
      return new WriteOperation(this, { ...plainWrite(key), effect, condition }, request);
    });
  }
}
