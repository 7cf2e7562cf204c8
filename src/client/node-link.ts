/*
 * The pipelined connection to one node: greets it, keeps what it owes answers to, notices when it has gone silent, and
 * connects again.
 *
 *   dialling --HELLO and topology answered--> ready --lost, silent, refused--> down --pause--> dialling
 *      `--------lost, refused, too slow---------------------------------------^
 *   any --retire (and nothing owed) or close--> closed
 *
 * In: commands with whom to tell, the link's events, time. Out: to each attempt exactly one of `answered` and `lost`, in
 * the order sent. An attempt that nobody waits for any more keeps its place, for the answers are matched by order alone.
 *
 * Bounded by `outstandingPerLinkMax`.
 */
import { isReplyError, textAnswer } from "./answers.ts";
import { topologyCommand } from "./commands.ts";
import type { Budget } from "./budget.ts";
import { AuthenticationError, ClientError, ConnectionLostError, ProtocolError, ServerRefusedError } from "./errors.ts";
import { outstandingPerLinkMax, redialDelayMsMax, redialDelayMsMin } from "./limits.ts";
import { parseTopology } from "./topology.ts";
import type { Topology } from "./topology.ts";
import { formatAddress } from "./transport.ts";
import type { Address, Command, Link, LinkEvents, Surroundings, Transport } from "./transport.ts";
import { notSet } from "./timer-wheel.ts";
import type { Timed, TimerWheel } from "./timer-wheel.ts";
import { Backoff } from "../net/backoff.ts";
import type { ReplyError, ReplyValue } from "../protocol/resp/reply-values.ts";
import { invariant } from "../shared/assert.ts";
import { BoundedQueue } from "../shared/bounded-queue.ts";

/** Told how an attempt ended, exactly once. */
export interface Answerable {
  answered(reply: ReplyValue): void;
  /** No answer will come: the command was carried out or not. */
  lost(error: ClientError): void;
}

/** An attempt whose answer is owed. */
export class Attempt {
  /** Undefined once nobody waits for it. */
  target: Answerable | undefined;
  readonly bytes: number;

  constructor(target: Answerable, bytes: number) {
    this.target = target;
    this.bytes = bytes;
  }
}

/** What all links of a client share. */
export interface LinkSurroundings {
  readonly transport: Transport;
  readonly time: Surroundings;
  readonly wheel: TimerWheel;
  readonly budget: Budget;
  readonly hello: Command;
  readonly greetingTimeoutMs: number;
}

export interface LinkHost {
  /** Why a node that tells this topology is not taken; undefined when it is. */
  refuse(link: NodeLink, topology: Topology): ClientError | undefined;
  /** Operations may be sent. */
  linkReady(link: NodeLink, topology: Topology): void;
  /** What was owed is told to be lost right after. */
  linkDown(link: NodeLink, error: ClientError): void;
}

export interface LinkPolicy {
  /** A node that owes an answer and says nothing for this long is given up. */
  readonly silenceMs: number;
  readonly redials: boolean;
}

type State = "idle" | "dialling" | "ready" | "down" | "closed";

const authenticationCodes: ReadonlySet<string> = new Set(["NOAUTH", "WRONGPASS", "NOPERM"]);

export class NodeLink implements LinkEvents, Timed {
  tick = notSet;
  readonly target: Address;
  readonly address: string;
  lastError: ClientError | undefined;
  /** How often it has become ready or failed: whether the first attempt to connect is over. */
  outcomes = 0;
  private state: State = "idle";
  private retiring = false;
  private link: Link | undefined;
  private greeted = false;
  private heardMs = 0;
  private readonly owed = new BoundedQueue<Attempt>(outstandingPerLinkMax);
  private readonly backoff: Backoff;
  private readonly surroundings: LinkSurroundings;
  private readonly host: LinkHost;
  private readonly policy: LinkPolicy;

  constructor(target: Address, surroundings: LinkSurroundings, host: LinkHost, policy: LinkPolicy) {
    this.target = target;
    this.address = formatAddress(target);
    this.surroundings = surroundings;
    this.host = host;
    this.policy = policy;
    this.backoff = new Backoff(redialDelayMsMin, redialDelayMsMax, () => surroundings.time.random());
  }

  get ready(): boolean {
    return this.state === "ready" && !this.retiring;
  }

  get hasRoom(): boolean {
    return !this.owed.isFull;
  }

  get outstanding(): number {
    return this.owed.length;
  }

  get closed(): boolean {
    return this.state === "closed";
  }

  dial(): void {
    invariant(this.state === "idle" || this.state === "down", "a link is dialled when there is none");
    this.state = "dialling";
    this.greeted = false;
    const { wheel, time, transport, greetingTimeoutMs } = this.surroundings;
    wheel.set(this, time.nowMs() + greetingTimeoutMs);
    this.link = transport.open(this.target, this);
  }

  /** One attempt; only while ready and with room. */
  send(command: Command, target: Answerable, bytes: number): Attempt {
    invariant(this.state === "ready", "commands are sent on a link that is ready");
    const { wheel, time, budget } = this.surroundings;
    if (this.owed.length === 0 && this.policy.silenceMs !== Number.POSITIVE_INFINITY) {
      this.heardMs = time.nowMs();
      if (this.tick === notSet) wheel.set(this, this.heardMs + this.policy.silenceMs);
    }
    const attempt = new Attempt(target, bytes);
    invariant(this.owed.push(attempt), "a link is asked for room first");
    budget.charge(bytes);
    this.link?.send(command);
    return attempt;
  }

  /** No further commands; it closes when nothing is owed. */
  retire(): void {
    this.retiring = true;
    if (this.owed.length === 0) this.close();
  }

  /** What is owed is lost, without anybody being told. */
  close(): void {
    if (this.state === "closed") return;
    this.state = "closed";
    this.surroundings.wheel.cancel(this);
    this.link?.close(this.owed.length > 0);
    this.link = undefined;
    for (let attempt = this.owed.shift(); attempt !== undefined; attempt = this.owed.shift()) {
      this.surroundings.budget.release(attempt.bytes);
    }
  }

  onOpen(): void {
    this.link?.send(this.surroundings.hello);
    this.link?.send(topologyCommand);
  }

  onReply(reply: ReplyValue): void {
    if (this.state === "dialling") {
      this.greet(reply);
      return;
    }
    if (this.state !== "ready") return;
    const attempt = this.owed.shift();
    if (attempt === undefined) {
      this.giveUp(new ProtocolError(`a reply from ${this.address} to no command`));
      return;
    }
    this.heardMs = this.surroundings.time.nowMs();
    this.surroundings.budget.release(attempt.bytes);
    attempt.target?.answered(reply);
    if (this.retiring && this.owed.length === 0) this.close();
  }

  onLost(error: ClientError): void {
    this.link = undefined;
    this.down(error);
  }

  onDue(): void {
    if (this.state === "down") this.dial();
    else if (this.state === "dialling") this.giveUp(new ConnectionLostError(this.address, "greeting-timeout"));
    else if (this.state === "ready") this.checkSilence();
  }

  private checkSilence(): void {
    if (this.owed.length === 0) return;
    const dueMs = this.heardMs + this.policy.silenceMs;
    if (dueMs <= this.surroundings.time.nowMs()) this.giveUp(new ConnectionLostError(this.address, "silent"));
    else this.surroundings.wheel.set(this, dueMs);
  }

  private greet(reply: ReplyValue): void {
    if (isReplyError(reply)) {
      this.giveUp(this.refusal(reply));
      return;
    }
    if (!this.greeted) {
      this.greeted = true;
      return;
    }
    const topology = this.topologyIn(reply);
    const refusal = topology instanceof ClientError ? topology : this.host.refuse(this, topology);
    if (refusal !== undefined || topology instanceof ClientError) {
      this.giveUp(refusal ?? new ProtocolError("a topology"));
      return;
    }
    this.state = "ready";
    this.outcomes++;
    this.backoff.reset();
    this.surroundings.wheel.cancel(this);
    this.host.linkReady(this, topology);
  }

  private topologyIn(reply: ReplyValue): Topology | ClientError {
    try {
      return parseTopology(textAnswer(reply, "the answer to COPS.TOPOLOGY"));
    } catch (error) {
      if (error instanceof ClientError) return error;
      throw error;
    }
  }

  private refusal(reply: ReplyError): ClientError {
    if (authenticationCodes.has(reply.code)) return new AuthenticationError(this.address, reply.code, reply.message);
    return new ServerRefusedError(reply.code, reply.message, true);
  }

  private giveUp(error: ClientError): void {
    this.link?.close(true);
    this.link = undefined;
    this.down(error);
  }

  private down(error: ClientError): void {
    if (this.state === "closed") return;
    const { wheel, time, budget } = this.surroundings;
    this.state = this.policy.redials && !this.retiring ? "down" : "closed";
    this.outcomes++;
    this.lastError = error;
    wheel.cancel(this);
    if (this.state === "down") wheel.set(this, time.nowMs() + this.backoff.next(error.retryable));
    this.host.linkDown(this, error);
    for (let attempt = this.owed.shift(); attempt !== undefined; attempt = this.owed.shift()) {
      budget.release(attempt.bytes);
      attempt.target?.lost(error);
    }
  }
}
