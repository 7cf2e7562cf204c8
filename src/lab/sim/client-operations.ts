/*
 * Operations as a simulated client sends them: each is carried out by the real session, judged by what the observer knows,
 * and recorded in the history.
 */
import type { Failure } from "../../core/failure.ts";
import type { OperationSink, TransactionSink } from "../../core/operations.ts";
import type { Session } from "../../core/session.ts";
import { unixMsOfHybridTime } from "../../protocol/hybrid-time.ts";
import { ExpiredVersion } from "../../protocol/version.ts";
import type { Version } from "../../protocol/version.ts";
import type { HistoryVersion, Seen } from "../../history/format.ts";
import type { SimNode } from "./sim-node.ts";
import type { Thread, ThreadStep } from "./thread.ts";
import { describeVersion, dotOf, tagOf } from "./world-write.ts";
import type { DotKey } from "./world-write.ts";
import type { World } from "./world.ts";
import { check, Violation } from "./violation.ts";

/** What every operation of a client needs. */
export interface ClientScene {
  readonly world: World;
  readonly thread: Thread;
  readonly node: SimNode;
  readonly session: Session;
  /** Every value is at least this long. */
  readonly valueBytes: number;
  nowMs(): number;
  /** For the transcript. */
  note(kind: string, what: () => string): void;
  /** A situation was reached. */
  count(situation: string): void;
  /** An operation is over, or will never be. */
  over(operation: ClientOperation): void;
}

export abstract class ClientOperation implements OperationSink, TransactionSink {
  protected readonly scene: ClientScene;
  /** As they were when it was sent: the client may be elsewhere by the time that its node gets to it. */
  protected readonly thread: Thread;
  protected readonly node: SimNode;
  protected readonly session: Session;
  protected readonly startMs: number;
  /** Nobody waits for the answer any more. */
  protected isGone = false;
  private answered = false;

  constructor(scene: ClientScene) {
    this.scene = scene;
    this.thread = scene.thread;
    this.node = scene.node;
    this.session = scene.session;
    this.startMs = scene.nowMs();
  }

  abstract submit(): void;

  /** The node crashed or the client left: no answer will be heard. */
  abandoned(): void {
    this.isGone = true;
  }

  readDone(_tag: number, _version: Version | undefined): void {
    throw new Violation(8, "answered as a read");
  }

  writeDone(_tag: number, _version: Version | undefined, _old: Version | undefined): void {
    throw new Violation(8, "answered as a write");
  }

  snapshotDone(_tag: number, _versions: readonly (Version | undefined)[], _time: number): void {
    throw new Violation(8, "answered as a snapshot");
  }

  transactionDone(_tag: number, _version: Version | undefined, _olds: readonly (Version | undefined)[]): void {
    throw new Violation(8, "answered as a transaction");
  }

  reached(_tag: number): void {
    throw new Violation(8, "answered as a barrier");
  }

  failed(_tag: number, failure: Failure): void {
    throw new Violation(8, `failed: ${failure.code}`);
  }

  /** Something was read; answers its dot. */
  protected sees(
    { place }: ThreadStep,
    key: string,
    version: Version | undefined,
    hearsValue: boolean = true,
  ): DotKey[] {
    const { thread, node } = this;
    const { world } = this.scene;
    const collected = version === undefined ? world.foundNothing(node.datacenter, key) : undefined;
    thread.read(place, key, version, collected);
    if (collected !== undefined) this.checkEnded(key, collected);
    if (version === undefined) return collected === undefined ? [] : this.causesOf(collected);
    const dot = world.told(node.datacenter, key, version);
    const write = world.byDot.get(dot);
    if (write !== undefined) thread.sawPartOf(place, write);
    if (hearsValue) world.toldValue(key, version);
    return [dot];
  }

  /** An expired value is none for a reader whose clock is past its expiry, and only for such a one. */
  protected checkExpiry(key: string, version: Version | undefined): void {
    if (version === undefined || version.expiry === 0) return;
    const isExpired = version.expiry <= unixMsOfHybridTime(this.session.context.floor);
    const found = version instanceof ExpiredVersion || version.deleted;
    check(found === isExpired || version.deleted, 5, () => {
      const told = found ? "expired" : "alive";
      return `${this.thread.name} found ${describeVersion(version)} of ${key} ${told}, which expires at ${version.expiry}`;
    });
    if (isExpired) this.scene.count("expired values found");
  }

  /**
   * What rests on nothing rests on what ended there, which is applied everywhere. Of a transaction that is sure of this part
   * alone: who sees the effect finds the others, since its floor is above them.
   */
  private causesOf(collected: Version): DotKey[] {
    const dot = dotOf(collected);
    return this.scene.world.byDot.get(dot)?.isTransaction === true ? [] : [dot];
  }

  /** Whoever is told of nothing, where something was, is past its end. */
  private checkEnded(key: string, collected: Version): void {
    const isEnded = collected.deleted || collected.expiry <= unixMsOfHybridTime(this.session.context.floor);
    check(
      isEnded,
      11,
      () => `${this.thread.name} found nothing of ${key}, before the end of ${describeVersion(collected)}`,
    );
    this.scene.count("found nothing where something was collected");
  }

  protected end(): void {
    if (this.answered) throw new Violation(8, "an operation was answered twice");
    this.answered = true;
    this.scene.over(this);
  }
}

export class ReadOperation extends ClientOperation {
  private readonly key: string;
  private readonly step: ThreadStep;
  private readonly seq: number;

  constructor(scene: ClientScene, key: string) {
    super(scene);
    this.key = key;
    this.step = scene.thread.begin(undefined);
    this.seq = scene.thread.recorder.begin();
  }

  submit(): void {
    this.session.read(this.key, this, 0);
  }

  override readDone(_tag: number, version: Version | undefined): void {
    if (this.isGone) return;
    const { thread, node } = this;
    this.step.state = "done";
    this.scene.note("read", () => `${thread.name} at ${node.id}: ${this.key} is ${describeVersion(version)}`);
    this.step.saw = this.sees(this.step, this.key, version);
    this.checkExpiry(this.key, version);
    thread.recorder.read(this.seq, this.startMs, this.scene.nowMs(), this.key, seenOf(version));
    this.end();
  }

  override failed(_tag: number, failure: Failure): void {
    if (this.isGone) return;
    this.scene.count(`read failed: ${failure.code}`);
    this.step.state = "missed";
    this.end();
  }

  override abandoned(): void {
    super.abandoned();
    this.step.state = "missed";
  }
}

/** A barrier or an attach, and what follows from it. */
export class PointOperation extends ClientOperation {
  private readonly start: (sink: OperationSink) => void;
  private readonly whenOver: (isReached: boolean) => void;
  private readonly lost: () => void;

  constructor(
    scene: ClientScene,
    start: (sink: OperationSink) => void,
    whenOver: (isReached: boolean) => void,
    lost: () => void = () => undefined,
  ) {
    super(scene);
    this.start = start;
    this.whenOver = whenOver;
    this.lost = lost;
  }

  override abandoned(): void {
    super.abandoned();
    this.lost();
  }

  submit(): void {
    this.start(this);
  }

  override reached(): void {
    if (this.isGone) return;
    this.end();
    this.whenOver(true);
  }

  override failed(): void {
    if (this.isGone) return;
    this.end();
    this.whenOver(false);
  }
}

export function seenOf(version: Version | undefined): Seen {
  if (version === undefined) return { saw: "never" };
  const origin = version.touch ?? version;
  const dot = [origin.datacenter, origin.partition, version.dotSeq] as const;
  const named = { dot, version: versionOf(version) };
  if (version instanceof ExpiredVersion) return { saw: "expired", ...named };
  if (version.deleted) return { saw: "tombstone", ...named };
  // Who is told of what a transaction was judged against is not told the value.
  if (version.value === "") return { saw: "value", ...named };
  return { saw: "value", ...named, value: tagOf(version.value) };
}

export function versionOf({ time, datacenter, partition, touch }: Version): HistoryVersion {
  if (touch === undefined) return [time, datacenter, partition];
  return [time, datacenter, partition, touch.time, touch.datacenter, touch.partition];
}
