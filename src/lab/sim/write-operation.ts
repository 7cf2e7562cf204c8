/*
 * Writes of a simulated client, to one key or as a transaction to several: carried out by the real session, judged by what the
 * observer knows, and recorded in the history. A numbered one may be sent again, by way of another session
 * (client-requests.ts).
 */
import type { Failure } from "../../core/failure.ts";
import type { Session } from "../../core/session.ts";
import { conditionNone, expiryKept } from "../../protocol/messages/forward.ts";
import type { Condition, WriteRequest } from "../../protocol/messages/forward.ts";
import { effectAssign, effectDelete, effectExpire } from "../../protocol/version.ts";
import type { EffectKind, Version, VersionName } from "../../protocol/version.ts";
import type { HistoryVersion } from "../../history/format.ts";
import type { RequestId } from "../../protocol/write.ts";
import { ClientOperation, seenOf, versionOf } from "./client-operations.ts";
import type { ClientScene } from "./client-operations.ts";
import type { Thread, ThreadStep } from "./thread.ts";
import { describeVersion, dotOf } from "./world-write.ts";
import type { WorldPart, WorldWrite } from "./world-write.ts";
import { check, Violation } from "./violation.ts";

export type WriteEnd = "ok" | "unknown" | "refused";
type Outcome = Parameters<Thread["recorder"]["write"]>[5];

export interface WriteChoice {
  readonly key: string;
  readonly effect: EffectKind;
  /** Unix ms; 0 for never; or `expiryKept`. */
  readonly expiry: number;
  readonly condition: Condition;
  readonly expected: VersionName | undefined;
}

export function plainWrite(key: string): WriteChoice {
  return { key, effect: effectAssign, expiry: 0, condition: conditionNone, expected: undefined };
}

function isJudged({ condition, effect, expiry }: WriteChoice): boolean {
  return condition !== conditionNone || effect === effectExpire || expiry === expiryKept;
}

/** Told how one attempt ended: `conclude` takes it over, unless it is tried again. */
export interface AttemptListener {
  answered(conclude: (isRepeated: boolean) => void, isWritten: boolean): void;
  failed(failure: Failure): void;
}

/** One write, perhaps of several keys. */
export abstract class Writing extends ClientOperation {
  readonly write: WorldWrite;
  ending: WriteEnd | undefined = undefined;
  protected readonly choices: readonly WriteChoice[];
  protected readonly request: RequestId | undefined;
  private readonly step: ThreadStep;
  /** What is judged is recorded as a read before the write, by choice; 0 where it is not judged. */
  private readonly readSeqs: readonly number[];
  private readonly writeSeq: number;

  constructor(scene: ClientScene, choices: readonly WriteChoice[], request: RequestId | undefined) {
    super(scene);
    this.choices = choices;
    this.request = request;
    this.write = scene.world.newWrite(choices, scene.thread);
    this.step = scene.thread.begin(this.write);
    const { recorder } = scene.thread;
    this.readSeqs = choices.map((choice) => (isJudged(choice) ? recorder.begin() : 0));
    this.writeSeq = recorder.begin();
  }

  /** Sends it on this session; also another attempt of a numbered one. */
  abstract sendOn(session: Session, listener: AttemptListener): void;

  /** Whether the answer carries the value of what it was judged against. */
  protected abstract readonly hearsValues: boolean;

  protected abstract recordWrite(seq: number, endMs: number, outcome: Outcome): void;

  submit(): void {
    this.sendOn(this.session, {
      answered: (conclude) => {
        if (this.isGone) return;
        conclude(false);
        this.end();
      },
      failed: (failure) => {
        if (this.isGone) return;
        this.missedBy(failure);
        this.end();
      },
    });
  }

  protected requests(): WriteRequest[] {
    this.noteWrite("write", () => (this.choices.some(isJudged) ? ", with a condition" : ""));
    return this.choices.map(({ key, effect, expiry, condition, expected }, i) => {
      const value = (this.write.parts[i] as WorldPart).value.padEnd(this.scene.valueBytes, ".");
      return { effect, key, value, expiry, condition, expected, wantOld: false, request: this.request };
    });
  }

  private noteWrite(kind: string, more: () => string): void {
    const { thread, node, write } = this;
    const words = (): string =>
      write.parts.map(({ value, key, effect }) => `${value}${inWords(effect)} to ${key}`).join(", ");
    this.scene.note(kind, () => `${thread.name} at ${node.id}: ${words()}${more()}`);
  }

  /** An answer that is repeated does not tell any more what its conditions were judged against. */
  protected conclude(
    version: Version | undefined,
    olds: readonly (Version | undefined)[],
    isRepeated: boolean = false,
  ): void {
    if (!isRepeated) this.sawBefore(olds, version !== undefined);
    if (version === undefined) this.conditionFailed();
    else this.took(version);
  }

  private sawBefore(olds: readonly (Version | undefined)[], isWritten: boolean): void {
    const { thread, scene } = this;
    const saw: number[] = [];
    for (const [i, choice] of this.choices.entries()) {
      if (!this.tellsOld(choice, olds[i], isWritten)) continue;
      saw.push(...this.sees(this.step, choice.key, olds[i], this.hearsValues));
      thread.recorder.read(this.readSeqs[i] as number, this.startMs, scene.nowMs(), choice.key, seenOf(olds[i]));
    }
    this.step.saw = saw;
  }

  /** Whether the answer says what this was judged against, where nothing may stand for "there was nothing". */
  protected abstract tellsOld(choice: WriteChoice, old: Version | undefined, isWritten: boolean): boolean;

  private conditionFailed(): void {
    this.step.state = "missed";
    this.ending = "refused";
    check(this.write.dot === undefined, 8, () => `${this.write.values} took effect though a condition failed`);
  }

  private took(version: Version): void {
    const { thread, node, write } = this;
    const { world } = this.scene;
    const dot = dotOf(version);
    if (write.dot !== dot) {
      throw new Violation(6, `${write.values} of ${write.first.key} was answered with a dot of another write`);
    }
    this.noteWrite("answered", () => `, ${describeVersion(version)}`);
    this.step.state = "done";
    this.ending = "ok";
    write.acknowledged = true;
    for (const seen of this.step.saw) world.alsoDependsOn(write, seen);
    const here = world.datacenters[node.datacenter];
    for (const part of write.parts) {
      check(here?.has(part) === true, 6, () => `${part.value} of ${part.key} was answered, and is not applied`);
      if (part.name !== undefined) thread.wrote(this.step.place, part.key, part.name);
    }
    const { datacenter, partition, seq, time } = write.name ?? version;
    const named = write.isTransaction ? undefined : write.first.version;
    const recorded: HistoryVersion = named === undefined ? [time, datacenter, partition] : versionOf(named);
    this.record({ outcome: "ok", dot: [datacenter, partition, seq], version: recorded });
  }

  missedBy({ code }: Failure): void {
    const isUnknown = code === "UNKNOWNOUTCOME" || code === "STALEREQUEST";
    this.scene.count(`write failed: ${code}`);
    this.missed(isUnknown ? "unknown" : "refused");
  }

  override abandoned(): void {
    super.abandoned();
    this.missed("unknown");
  }

  private missed(ending: "unknown" | "refused"): void {
    this.step.state = "missed";
    this.ending = ending;
    if (this.request === undefined) this.record({ outcome: ending });
    if (ending === "refused" && this.write.dot !== undefined) {
      throw new Violation(6, `${this.write.values} took effect and was refused`);
    }
  }

  /** A numbered request is recorded once, with its last outcome. */
  record(outcome: Outcome): void {
    this.recordWrite(this.writeSeq, this.scene.nowMs(), outcome);
  }
}

function inWords(effect: EffectKind): string {
  if (effect === effectDelete) return " (a delete)";
  return effect === effectExpire ? " (an expiry)" : "";
}

/** A situation for which the history has no word: it is not judged then. */
export const transactionsTouching = "transactions that change an expiry";

/** One key. */
export class WriteOperation extends Writing {
  protected readonly hearsValues: boolean = true;

  constructor(scene: ClientScene, choice: WriteChoice, request: RequestId | undefined) {
    super(scene, [choice], request);
  }

  sendOn(session: Session, listener: AttemptListener): void {
    const sink = {
      readDone: () => this.readDone(0, undefined),
      reached: () => this.reached(0),
      writeDone: (_tag: number, version: Version | undefined, old: Version | undefined) =>
        listener.answered((isRepeated) => this.conclude(version, [old], isRepeated), version !== undefined),
      failed: (_tag: number, failure: Failure) => listener.failed(failure),
    };
    for (const request of this.requests()) session.write(request, sink, 0);
  }

  /** Who sets an expiry without a condition is not told of the value, unless there is none. */
  protected tellsOld({ condition, expiry }: WriteChoice, _old: Version | undefined, isWritten: boolean): boolean {
    return condition !== conditionNone || expiry === expiryKept || !isWritten;
  }

  protected recordWrite(seq: number, endMs: number, outcome: Outcome): void {
    const { recorder } = this.thread;
    const { key, value, effect } = this.write.first;
    if (effect === effectDelete) {
      recorder.remove(seq, this.startMs, endMs, key, outcome);
      return;
    }
    const told = { ...outcome, expires: this.choices[0]?.expiry !== 0 };
    if (effect === effectAssign) recorder.write(seq, this.startMs, endMs, key, value, told);
    else recorder.touch(seq, this.startMs, endMs, key, told);
  }
}

/** A write transaction. */
export class TransactionOperation extends Writing {
  protected readonly hearsValues: boolean = false;

  sendOn(session: Session, listener: AttemptListener): void {
    const sink = {
      snapshotDone: () => this.snapshotDone(0, [], 0),
      transactionDone: (_tag: number, version: Version | undefined, olds: readonly (Version | undefined)[]) =>
        listener.answered((isRepeated) => this.conclude(version, olds, isRepeated), version !== undefined),
      failed: (_tag: number, failure: Failure) => listener.failed(failure),
    };
    session.writeTransaction(this.requests(), this.request, sink, 0);
  }

  /** Where a condition failed, not every part may have been judged. */
  protected tellsOld(choice: WriteChoice, old: Version | undefined, isWritten: boolean): boolean {
    return old !== undefined || (isWritten && choice.condition !== conditionNone);
  }

  protected recordWrite(seq: number, endMs: number, outcome: Outcome): void {
    const writes = this.write.parts.map(({ key, value, effect }, i) => ({
      key,
      value: effect === effectAssign ? value : undefined,
      expires: effect === effectAssign && this.choices[i]?.expiry !== 0,
    }));
    this.thread.recorder.transaction(seq, this.startMs, endMs, writes, outcome);
    this.scene.count(`transaction ${this.ending ?? "unknown"}`);
    if (this.choices.some(({ effect }) => effect === effectExpire)) this.scene.count(transactionsTouching);
  }
}
