/*
 * One thread of execution (paper, 4.3; design, 3.4): the operations of a context in program order, what the context has
 * seen, and what is done when an attempt fails.
 *
 *   operations:  [ under way, in the order sent | waiting ]
 *
 * - One write at a time, and nothing else beside it: it depends on the reads before it, and the reads behind it have to
 *   see it. A write transaction is a write like any other.
 * - A read transaction goes alone as well: it goes to many nodes, and nothing orders it with what another asks of them.
 * - Reads follow one another without waiting where the node that they go to owns their keys and answers in order. Reads
 *   of two owners do not overlap: the first could see an effect and the second, answered earlier, miss its cause.
 * - Should a node judge overlapping reads in another order all the same, its clock tells: an answer whose clock is below
 *   that of the answer before it was judged before it, and is asked for again.
 * - A read that fails takes those behind it back with it, so that the order stays; the thread pauses, then goes on.
 * - A write that was sent and got no answer is repeated under its number until its deadline; after that its outcome is in
 *   question, and nothing is written here until that is settled.
 *
 * Keeps invariant 5 for the context. Bounded by `pendingPerContextMax`.
 */
import { isReplyError, readAnswer, snapshotAnswer, textAnswer } from "./answers.ts";
import type { WriteAnswer } from "./answers.ts";
import { ClientError, UnknownOutcomeError } from "./errors.ts";
import type { NodeLink } from "./node-link.ts";
import type { Operation, ReadOperation, WriteOperation } from "./operations.ts";
import { refusalOf } from "./refusals.ts";
import type { WriteResult } from "./results.ts";
import type { ThreadHost } from "./thread-host.ts";
import { ThreadMemory } from "./thread-memory.ts";
import { notSet } from "./timer-wheel.ts";
import type { Timed } from "./timer-wheel.ts";
import { OutcomeInQuestion } from "./unknown-write.ts";
import type { OutcomeOwner, ResolveOptions } from "./unknown-write.ts";
import type { Context } from "../core/context.ts";
import { Backoff } from "../net/backoff.ts";
import type { ReplyError, ReplyValue } from "../protocol/resp/reply-values.ts";
import { invariant } from "../shared/assert.ts";

export class ContextThread implements Timed, OutcomeOwner {
  /** Set while the thread pauses before it tries again. */
  tick = notSet;
  /** The write whose outcome is in question. */
  unknown: OutcomeInQuestion | undefined;
  deleted = false;
  /** The put, delete, transaction or resolve that is not finished. */
  writing: WriteOperation | undefined;
  readonly host: ThreadHost;
  /** In program order; the first `sent` are under way. */
  private readonly operations: Operation[] = [];
  private sent = 0;
  /** Where reads may follow those under way; undefined when nothing may. */
  private overlapLink: NodeLink | undefined;
  /** The greatest clock among the answers of the present run of overlapping reads. */
  private runClock = 0;
  private readonly memory = new ThreadMemory();
  private advancing = false;

  constructor(host: ThreadHost) {
    this.host = host;
  }

  get seen(): Context {
    return this.memory.seen;
  }

  get pending(): number {
    return this.operations.length;
  }

  nowMs(): number {
    return this.host.time.nowMs();
  }

  submit(operation: Operation): void {
    this.operations.push(operation);
    if (operation.kind === "write") this.writing = operation;
    this.advance();
  }

  /** Starts what may start now. */
  advance(): void {
    if (this.advancing || this.tick !== notSet) return;
    this.advancing = true;
    let next = this.operations[this.sent];
    while (next !== undefined && this.start(next)) next = this.operations[this.sent];
    this.advancing = false;
  }

  /** The pause is over. */
  onDue(): void {
    this.advance();
  }

  answered(operation: Operation, reply: ReplyValue): void {
    operation.attempt = undefined;
    if (operation.done) {
      if (operation.kind === "write") this.answeredLate(operation, reply);
      return;
    }
    if (isReplyError(reply)) {
      this.refused(operation, reply);
      return;
    }
    try {
      this.take(operation, reply);
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      this.ended(operation, error);
    }
  }

  /** The link is gone: the command was carried out or not. */
  lost(operation: Operation, error: ClientError): void {
    operation.attempt = undefined;
    if (!operation.done) this.failed(operation, error, true);
  }

  /** Deadline, abort, close, or a refusal for good. */
  ended(operation: Operation, error: ClientError): void {
    if (operation.done) return;
    if (operation.kind === "write" && operation.unaccounted > 0) {
      this.outcomeUnknown(operation, error);
      return;
    }
    operation.detach();
    this.remove(operation);
    if (operation.kind === "write") this.freeLane(operation);
    operation.call.reject(error);
    this.advance();
  }

  resolveOutcome(outcome: OutcomeInQuestion, options: ResolveOptions): Promise<WriteResult> {
    return this.host.resolveOutcome(this, outcome, options);
  }

  abandonOutcome(outcome: OutcomeInQuestion): void {
    outcome.state = "abandoned";
    if (this.unknown !== outcome) return;
    this.unknown = undefined;
    this.memory.dismiss();
    this.host.lanes.giveBack(outcome.numbered.lane);
    const resolving = this.writing;
    if (resolving?.resolves === outcome) this.ended(resolving, new UnknownOutcomeError(outcome));
  }

  private start(operation: Operation): boolean {
    const { links } = this.host;
    if (operation.kind === "token" && this.unknown !== undefined) {
      this.ended(operation, new UnknownOutcomeError(this.unknown));
      return true;
    }
    const onlyToOwner = operation.kind === "write" && operation.onlyToOwner;
    const link = onlyToOwner ? links.routeToOwner(operation.partition) : links.route(operation.partition);
    if (link === undefined) {
      if (this.sent === 0) this.host.park(this);
      return false;
    }
    const owned = links.owns(link, operation.partition);
    const overlaps = operation.kind === "read" && owned;
    if (this.sent > 0 && !(overlaps && this.overlapLink === link)) return false;
    if (this.sent === 0) {
      this.overlapLink = overlaps ? link : undefined;
      this.runClock = 0;
    }
    this.send(operation, link);
    if (!owned && operation.kind !== "token") links.forwarded++;
    return true;
  }

  private send(operation: Operation, link: NodeLink): void {
    const { lanes, budget, counters } = this.host;
    if (operation.kind === "write") {
      if (operation.numbered === undefined) operation.number(lanes.take(), this.seen, this.nowMs());
      operation.unaccounted++;
    }
    if (++operation.attempts > 1) counters.retries++;
    operation.attempt = link.send(operation.command(), operation, operation.bytes);
    // It counted as waiting; from now on its attempt counts.
    budget.release(operation.bytes);
    this.sent++;
  }

  private take(operation: Operation, reply: ReplyValue): void {
    switch (operation.kind) {
      case "read":
        this.takeRead(operation, reply);
        break;
      case "snapshot": {
        const answer = snapshotAnswer(reply, operation.keys.length);
        this.memory.noteSnapshot(answer);
        this.remove(operation);
        operation.succeed(answer);
        break;
      }
      case "write":
        this.takeWrite(operation, operation.answerIn(reply));
        break;
      case "token": {
        const token = textAnswer(reply, "the answer to COPS.MAKETOKEN");
        this.remove(operation);
        operation.call.resolve(token);
        break;
      }
    }
    this.advance();
  }

  private takeRead(operation: ReadOperation, reply: ReplyValue): void {
    const answer = readAnswer(reply);
    if (answer.clock < this.runClock) {
      this.host.counters.readsOutOfOrder++;
      this.restartFrom(operation);
      return;
    }
    this.runClock = answer.clock;
    this.memory.noteRead(answer);
    this.remove(operation);
    operation.succeed(answer);
  }

  private takeWrite(operation: WriteOperation, answer: WriteAnswer): void {
    if (operation.resolves !== undefined) {
      this.settle(operation.resolves, answer);
      return;
    }
    this.memory.noteWrite(answer);
    this.remove(operation);
    this.freeLane(operation);
    operation.call.resolve(resultOf(answer));
  }

  /** An answer after the deadline settles what was in question. */
  private answeredLate(operation: WriteOperation, reply: ReplyValue): void {
    const outcome = this.unknown;
    if (outcome === undefined || outcome.numbered !== operation.numbered || isReplyError(reply)) return;
    try {
      this.settle(outcome, operation.answerIn(reply));
    } catch (error) {
      // Not understood: as unknown as before.
      if (!(error instanceof ClientError)) throw error;
    }
    this.advance();
  }

  private refused(operation: Operation, reply: ReplyError): void {
    const { error, passes, nothingDone } = refusalOf(operation, reply);
    if (operation.kind === "write" && nothingDone) operation.unaccounted--;
    this.failed(operation, error, passes);
  }

  private failed(operation: Operation, error: ClientError, again: boolean): void {
    const { retry, time, wheel, links } = this.host;
    operation.lastError = error;
    const mayHaveHappened = operation.kind === "write" && operation.unaccounted > 0;
    if (!again || (operation.attempts >= retry.attemptsMax && !mayHaveHappened)) {
      this.ended(operation, error);
      return;
    }
    this.restartFrom(operation);
    operation.backoff ??= new Backoff(retry.delayMsMin, retry.delayMsMax, () => time.random());
    const delayMs = operation.backoff.next(true);
    wheel.set(this, time.nowMs() + delayMs);
    links.refreshSoon();
    this.host.tell({ kind: "retry", operation: operation.name, attempt: operation.attempts, delayMs, error });
  }

  /** This operation and those under way behind it wait again: answers that come for them are not taken. */
  private restartFrom(operation: Operation): void {
    const at = this.operations.indexOf(operation);
    invariant(at >= 0 && at < this.sent, "what is asked again was under way");
    for (let i = at; i < this.sent; i++) {
      const behind = this.operations[i] as Operation;
      behind.detach();
      this.host.budget.charge(behind.bytes);
    }
    this.sent = at;
  }

  private remove(operation: Operation): void {
    const { budget, wheel } = this.host;
    const at = this.operations[0] === operation ? 0 : this.operations.indexOf(operation);
    invariant(at >= 0, "an operation is removed once");
    if (at === 0) this.operations.shift();
    else this.operations.splice(at, 1);
    if (at < this.sent) this.sent--;
    else budget.release(operation.bytes);
    operation.done = true;
    operation.unlisten();
    if (operation === this.writing) this.writing = undefined;
    // The pause was for the first operation; those behind it have no reason to wait.
    if (at === 0) wheel.cancel(this);
    this.host.finished(this, operation);
  }

  private outcomeUnknown(operation: WriteOperation, cause: ClientError): void {
    this.remove(operation);
    let outcome = operation.resolves;
    if (outcome === undefined) {
      invariant(operation.numbered !== undefined, "a write that was sent has a number");
      outcome = new OutcomeInQuestion(this, operation.numbered);
      this.unknown = outcome;
      this.memory.question();
      this.host.counters.outcomesUnknown++;
      this.host.tell({ kind: "outcome-unknown", write: outcome, cause });
    }
    operation.call.reject(new UnknownOutcomeError(outcome, cause));
    if (this.deleted) outcome.abandon();
    this.advance();
  }

  /** What became of the write in question is known: the context is as if it had been known then. */
  private settle(outcome: OutcomeInQuestion, answer: WriteAnswer): void {
    const result = resultOf(answer);
    this.memory.settle(answer);
    this.unknown = undefined;
    outcome.state = "known";
    outcome.result = result;
    this.host.lanes.giveBack(outcome.numbered.lane);
    const resolving = this.writing;
    if (resolving?.resolves === outcome) {
      resolving.detach();
      this.remove(resolving);
      resolving.call.resolve(result);
    }
    this.host.tell({ kind: "outcome-known", write: outcome, result });
  }

  private freeLane(operation: WriteOperation): void {
    if (operation.numbered !== undefined && operation.resolves === undefined) {
      this.host.lanes.giveBack(operation.numbered.lane);
    }
  }
}

function resultOf(answer: WriteAnswer): WriteResult {
  if (answer.written && answer.write !== null) return { written: true, write: answer.write };
  return { written: false, found: answer.write };
}
