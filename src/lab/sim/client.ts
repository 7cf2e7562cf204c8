/*
 * A simulated client: one thread of execution after another, each on a session of some node. It thinks, then does something:
 * a burst of operations in one pipeline, a chain of dependent ones, a move to another datacenter with a token, the adoption
 * of what another client had seen, a numbered request that it repeats until it knows the outcome, a part in the photo album
 * or the three friends of the paper, or a long time of reading alone.
 *
 * When its node crashes the thread is over, unless a token taken before carries it on.
 */
import { ClientConnection } from "./client-connection.ts";
import type { SimToken } from "./client-connection.ts";
import { PointOperation, ReadOperation, WriteOperation } from "./client-operations.ts";
import type { WriteChoice } from "./client-operations.ts";
import { conditionAbsent, conditionNone, conditionPresent } from "../../protocol/messages/forward.ts";
import type { Condition } from "../../protocol/messages/forward.ts";
import type { Version } from "../../protocol/version.ts";

const pipelineMax = 64;
const moveTimeoutMs = 4_000;
const attemptsMax = 6;
const albums = 2;
const photosPerAlbum = 6;

export class Client extends ClientConnection {
  private lastRequest = 0;
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
      [plan.numbered, () => this.numbered()],
      [plan.hangUp, () => this.hangUp()],
      [plan.album, () => this.album()],
      [plan.browse, () => this.browse()],
      [plan.rewrite, () => this.rewrite()],
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
        [plan.remove, () => this.write({ key: this.key(), remove: true })],
        [plan.conditional, () => this.conditional()],
      ])();
    }
  }

  private read(key: string): void {
    if (this.isNext()) this.submit(new ReadOperation(this, key));
  }

  private write(choice: Partial<WriteChoice> & { key: string }): void {
    if (!this.isNext()) return;
    const plain: Omit<WriteChoice, "key"> = { remove: false, condition: conditionNone, request: undefined };
    this.submit(new WriteOperation(this, { ...plain, ...choice }));
  }

  private conditional(): void {
    const remove = this.random.chance(0.4);
    const condition = remove || this.random.chance(0.5) ? conditionPresent : conditionAbsent;
    this.write({ key: this.key(), remove, condition });
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
    for (const remove of [false, true, false]) this.write({ key, remove });
    this.read(key);
    if (this.random.chance(0.5)) this.write({ key, remove: true });
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

  /** A numbered request, repeated under the same number until its outcome is known, also after the node crashed. */
  private numbered(): void {
    if (!this.isNext()) return;
    this.withToken((token) => {
      const number = ++this.lastRequest;
      const request = { client: this.name, number, answeredBelow: number };
      const condition: Condition = this.random.chance(0.2) ? conditionAbsent : conditionNone;
      const choice: WriteChoice = { key: this.key(), remove: this.random.chance(0.1), condition, request };
      this.attempt(token, new WriteOperation(this, choice), 1);
    });
  }

  private attempt(token: SimToken, operation: WriteOperation, attempt: number): void {
    const again = (): void => this.retry(token, operation, attempt);
    this.onCrash = again;
    const { session } = this;
    const start = (): void =>
      operation.submitTo(session, {
        readDone: () => operation.readDone(0, undefined),
        reached: () => operation.reached(0),
        writeDone: (_tag: number, version: Version | undefined, old: Version | undefined) => {
          this.outstanding.delete(point);
          this.onCrash = undefined;
          this.busy = false;
          if (attempt > 1) this.count("numbered request repeated");
          operation.conclude(version, old, attempt > 1 && version !== undefined);
        },
        failed: (tag, failure) => {
          this.outstanding.delete(point);
          if (attempt === 1) operation.failed(tag, failure);
          if (attempt > 1 || operation.ending === "unknown") again();
          else this.concluded(operation);
        },
      });
    const point = new PointOperation(this, start, () => undefined);
    this.submit(point);
  }

  private concluded(operation: WriteOperation): void {
    this.onCrash = undefined;
    this.busy = false;
    operation.record({ outcome: operation.ending === "refused" ? "refused" : "unknown" });
  }

  /** In the same datacenter, for it alone knows the number; by way of any of its nodes. */
  private retry(token: SimToken, operation: WriteOperation, attempt: number): void {
    // A crash while it waits changes nothing: it goes elsewhere anyway.
    this.onCrash = () => undefined;
    if (attempt >= attemptsMax) {
      operation.record({ outcome: "unknown" });
      if (this.open) this.leave();
      this.endThread();
      return;
    }
    this.parts.scheduler.after(200 * attempt, () => {
      const node = this.runningNode(token.seen.datacenter, this.random);
      if (node === undefined) {
        this.retry(token, operation, attempt + 1);
        return;
      }
      this.goTo(token, this.parts.nodes.indexOf(node), 20_000, (isThere) => {
        if (isThere) this.attempt(token, operation, attempt + 1);
        else this.retry(token, operation, attempt + 1);
      });
    });
  }
}
