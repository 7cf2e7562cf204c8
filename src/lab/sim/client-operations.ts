/*
 * Operations as a simulated client sends them: each is carried out by the real session, judged by what the observer knows,
 * and recorded in the history.
 */
import type { Failure } from "../../core/failure.ts";
import type { OperationSink } from "../../core/operations.ts";
import type { Session } from "../../core/session.ts";
import { conditionNone } from "../../protocol/messages/forward.ts";
import type { Condition, WriteRequest } from "../../protocol/messages/forward.ts";
import { effectAssign, effectDelete } from "../../protocol/version.ts";
import type { Version } from "../../protocol/version.ts";
import type { RequestId } from "../../protocol/write.ts";
import type { Seen } from "../../history/format.ts";
import type { SimNode } from "./sim-node.ts";
import type { Thread, ThreadStep } from "./thread.ts";
import { describeVersion, tagOf } from "./world-write.ts";
import type { WorldWrite } from "./world-write.ts";
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

export type WriteEnd = "ok" | "unknown" | "refused";

export abstract class ClientOperation implements OperationSink {
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

  reached(_tag: number): void {
    throw new Violation(8, "answered as a barrier");
  }

  failed(_tag: number, failure: Failure): void {
    throw new Violation(8, `failed: ${failure.code}`);
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
    const { world } = this.scene;
    this.step.state = "done";
    this.scene.note("read", () => `${thread.name} at ${node.id}: ${this.key} is ${describeVersion(version)}`);
    const seen = version === undefined ? world.collected(node.datacenter, this.key) : undefined;
    if (version !== undefined) this.step.saw = [world.told(node.datacenter, this.key, version)];
    else if (seen !== undefined) this.step.saw = [seen];
    thread.read(this.key, version);
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

export interface WriteChoice {
  readonly key: string;
  readonly remove: boolean;
  readonly condition: Condition;
  readonly request: RequestId | undefined;
}

export class WriteOperation extends ClientOperation {
  readonly write: WorldWrite;
  ending: WriteEnd | undefined = undefined;
  private readonly choice: WriteChoice;
  private readonly step: ThreadStep;
  /** A write that is judged is recorded as a read and a write. */
  private readonly readSeq: number;
  private readonly writeSeq: number;

  constructor(scene: ClientScene, choice: WriteChoice) {
    super(scene);
    this.choice = choice;
    this.write = scene.world.newWrite(choice.key, scene.thread);
    this.step = scene.thread.begin(this.write);
    this.readSeq = choice.condition === conditionNone ? 0 : scene.thread.recorder.begin();
    this.writeSeq = scene.thread.recorder.begin();
  }

  submit(): void {
    this.submitTo(this.session, this);
  }

  /** Also for another attempt of a numbered request, by way of another session. */
  submitTo(session: Session, sink: OperationSink): void {
    const { key, remove, condition, request } = this.choice;
    const effect = remove ? effectDelete : effectAssign;
    this.note("write", () => (condition === conditionNone ? "" : ", with a condition"));
    const value = this.write.value.padEnd(this.scene.valueBytes, ".");
    const write: WriteRequest = { effect, key, value, expiry: 0, condition, wantOld: false, request };
    session.write(write, sink, 0);
  }

  private note(kind: string, more: () => string): void {
    const { thread, node, write, choice } = this;
    const what = choice.remove ? " (a delete)" : "";
    this.scene.note(kind, () => `${thread.name} at ${node.id}: ${write.value}${what} to ${choice.key}${more()}`);
  }

  override writeDone(_tag: number, version: Version | undefined, old: Version | undefined): void {
    if (this.isGone) return;
    this.conclude(version, old);
    this.end();
  }

  /** An answer that is repeated does not tell any more what the condition was judged against. */
  conclude(version: Version | undefined, old: Version | undefined, isRepeated: boolean = false): void {
    if (this.choice.condition !== conditionNone && !isRepeated) this.sawBefore(old);
    if (version === undefined) this.conditionFailed();
    else this.took(version);
  }

  private sawBefore(old: Version | undefined): void {
    const { thread, node } = this;
    const { world } = this.scene;
    if (old !== undefined) this.step.saw = [world.told(node.datacenter, this.choice.key, old)];
    thread.read(this.choice.key, old);
    thread.recorder.read(this.readSeq, this.startMs, this.scene.nowMs(), this.choice.key, seenOf(old));
  }

  private conditionFailed(): void {
    this.step.state = "missed";
    this.ending = "refused";
    check(this.write.dot === undefined, 8, () => `${this.write.value} took effect though its condition failed`);
  }

  private took(version: Version): void {
    const { thread, node } = this;
    const { world } = this.scene;
    const dot = world.told(node.datacenter, this.choice.key, version);
    if (this.write.dot !== dot) {
      throw new Violation(6, `${this.write.value} of ${this.choice.key} was answered with a dot of another write`);
    }
    this.note("answered", () => `, ${describeVersion(version)}`);
    this.step.state = "done";
    this.ending = "ok";
    this.write.acknowledged = true;
    for (const seen of this.step.saw) world.alsoDependsOn(this.write, seen);
    thread.wrote(this.choice.key, version);
    this.record({
      outcome: "ok",
      dot: [version.datacenter, version.partition, version.seq],
      version: versionOf(version),
    });
  }

  override failed(_tag: number, failure: Failure): void {
    if (this.isGone) return;
    const isUnknown = failure.code === "UNKNOWNOUTCOME" || failure.code === "STALEREQUEST";
    this.scene.count(`write failed: ${failure.code}`);
    this.missed(isUnknown ? "unknown" : "refused");
    this.end();
  }

  override abandoned(): void {
    super.abandoned();
    this.missed("unknown");
  }

  private missed(ending: "unknown" | "refused"): void {
    this.step.state = "missed";
    this.ending = ending;
    if (this.choice.request === undefined) this.record({ outcome: ending });
    if (ending === "refused" && this.write.dot !== undefined) {
      throw new Violation(6, `${this.write.value} took effect and was refused`);
    }
  }

  /** A numbered request is recorded once, with its last outcome. */
  record(outcome: Parameters<Thread["recorder"]["write"]>[5]): void {
    const { recorder } = this.thread;
    const endMs = this.scene.nowMs();
    const { key, remove } = this.choice;
    if (remove) recorder.remove(this.writeSeq, this.startMs, endMs, key, outcome);
    else recorder.write(this.writeSeq, this.startMs, endMs, key, this.write.value, outcome);
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
  const { datacenter, partition, seq, value } = version;
  const dot = [datacenter, partition, seq] as const;
  if (version.deleted) return { saw: "tombstone", dot, version: versionOf(version) };
  return { saw: "value", dot, version: versionOf(version), value: tagOf(value) };
}

function versionOf(version: Version): readonly [time: number, datacenter: number, partition: number] {
  return [version.time, version.datacenter, version.partition];
}
