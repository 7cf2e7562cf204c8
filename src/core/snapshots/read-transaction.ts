/*
 * A read transaction as its session sees it (design, 3.5; paper, 5.1 get_trans): what many keys show at one time, in at most
 * two rounds inside the datacenter.
 *
 *   round one ──every owner answered──▶ t = the greatest visible time among the answers, at least the time since when there is
 *               known to be nothing where there is nothing, and at least the floor where something is prepared that the session
 *               may have seen a part of
 *             ──▶ done, where every answer stays valid up to t
 *             ──▶ round two: the others are asked once more, at t ──▶ done
 *   too old at t: begun again, `snapshotAttemptsMax` times
 *
 * An owner whose values are more than one message holds answers for the first keys, and is asked for the rest in the same round.
 *
 * Any t is a causal cut, because visible times follow causality. No answer waits for another datacenter.
 *
 * Keeps invariant 9.
 */
import { snapshotAttemptsMax, snapshotBytesMax } from "../../shared/limits.ts";
import type { HybridTime } from "../../protocol/hybrid-time.ts";
import type { SnapshotAnswer } from "../../protocol/messages/snapshot.ts";
import type { NodeId } from "../placement.ts";
import type { ByteString } from "../../shared/bytes.ts";

/** Asks one owner; `done` is called once, perhaps before this returns, also for one that cannot be reached. */
export type AskOwner = (
  owner: NodeId,
  keys: readonly ByteString[],
  time: HybridTime,
  done: (answers: readonly SnapshotAnswer[], clock: HybridTime, failure: string | undefined) => void,
) => void;

export interface SnapshotResult {
  readonly answers: readonly SnapshotAnswer[];
  /** What the keys showed then. */
  readonly time: HybridTime;
  /** The greatest clock of any answer. */
  readonly clock: HybridTime;
  readonly rounds: number;
}

export class ReadTransaction {
  private readonly keys: readonly ByteString[];
  private readonly owners: readonly NodeId[];
  private readonly floor: HybridTime;
  private readonly ask: AskOwner;
  private readonly done: (result: SnapshotResult | undefined, failure: string | undefined) => void;
  private answers: (SnapshotAnswer | undefined)[] = [];
  private missing = 0;
  private failure: string | undefined;
  private clock: HybridTime = 0;
  private attempt = 0;
  private rounds = 0;
  /** Of values that came in several messages. */
  private bytes = 0;

  /** `owners` are those of the keys, in order. */
  constructor(
    keys: readonly ByteString[],
    owners: readonly NodeId[],
    floor: HybridTime,
    ask: AskOwner,
    done: (result: SnapshotResult | undefined, failure: string | undefined) => void,
  ) {
    this.keys = keys;
    this.owners = owners;
    this.floor = floor;
    this.ask = ask;
    this.done = done;
  }

  begin(): void {
    this.attempt++;
    this.failure = undefined;
    this.bytes = 0;
    this.answers = this.keys.map(() => undefined);
    this.round(
      this.keys.map((_, i) => i),
      0,
      () => this.roundOneDone(),
    );
  }

  private roundOneDone(): void {
    const answers = this.answers as SnapshotAnswer[];
    let time = 0;
    for (const { version, since, unsettled } of answers) {
      time = Math.max(time, version === undefined ? since : version.visible);
      if (unsettled && this.floor > time) time = this.floor;
    }
    const late: number[] = [];
    let validThrough = Number.POSITIVE_INFINITY;
    for (const [i, answer] of answers.entries()) {
      if (answer.validThrough < time) late.push(i);
      validThrough = Math.min(validThrough, answer.validThrough);
    }
    if (late.length === 0) this.end(validThrough);
    else this.round(late, time, () => this.end(time));
  }

  /** Asks for these keys, one question to each owner. */
  private round(indexes: readonly number[], time: HybridTime, over: () => void): void {
    this.rounds++;
    const byOwner = new Map<NodeId, number[]>();
    for (const i of indexes) {
      const owner = this.owners[i] as NodeId;
      const asked = byOwner.get(owner);
      if (asked === undefined) byOwner.set(owner, [i]);
      else asked.push(i);
    }
    this.missing = byOwner.size;
    for (const [owner, asked] of byOwner) this.askOne(owner, asked, time, over);
  }

  private askOne(owner: NodeId, asked: readonly number[], time: HybridTime, over: () => void): void {
    const keys = asked.map((i) => this.keys[i] as ByteString);
    this.ask(owner, keys, time, (answers, clock, failure) => {
      if (clock > this.clock) this.clock = clock;
      const rest = asked.slice(answers.length);
      if (failure !== undefined || answers.length === 0 || answers.length > asked.length) {
        this.failure ??= failure ?? "UNAVAILABLE";
      } else if (rest.length > 0 && this.isTooMuch(answers)) this.failure ??= "TOOLARGE";
      else {
        for (const [at, answer] of answers.entries()) this.answers[asked[at] as number] = answer;
        if (rest.length > 0 && this.failure === undefined) {
          this.askOne(owner, rest, time, over);
          return;
        }
      }
      if (--this.missing === 0) this.roundOver(over);
    });
  }

  private isTooMuch(answers: readonly SnapshotAnswer[]): boolean {
    for (const { version } of answers) this.bytes += version === undefined ? 0 : version.value.length;
    return this.bytes > snapshotBytesMax;
  }

  private roundOver(over: () => void): void {
    if (this.failure === undefined) over();
    else if (this.failure === "SNAPSHOTTOOOLD" && this.attempt < snapshotAttemptsMax) this.begin();
    else this.done(undefined, this.failure);
  }

  private end(time: HybridTime): void {
    const { clock, rounds } = this;
    this.done({ answers: this.answers as SnapshotAnswer[], time, clock, rounds }, undefined);
  }
}
