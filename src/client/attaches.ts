/*
 * Attaches: a node answers COPS.OPENTOKEN when what the token has seen is applied there, perhaps seconds later, and what is
 * pipelined behind it waits as long. So each goes on a link of its own, some of which are kept for the next.
 *
 *   waiting ──a link is free or may be opened──▶ on a link ──answered──▶ done
 *      ▲                                            │ link lost, node refused for now
 *      `──────────────── pause ─────────────────────'        deadline, abort, close ──▶ done, its link closed
 *
 * Bounded by `attachLinksMax` at once and `attachesWaitingMax` waiting.
 */
import { isReplyError, openTokenAnswer } from "./answers.ts";
import type { OpenedToken } from "./answers.ts";
import { openTokenCommand } from "./commands.ts";
import {
  AttachTimeoutError,
  BackpressureError,
  ClientClosedError,
  ClientError,
  OperationAbortedError,
  ServerRefusedError,
  TokenRefusedError,
} from "./errors.ts";
import { attachesWaitingMax, attachGraceMs, attachLinksIdleMax, attachLinksMax } from "./limits.ts";
import type { Answerable, LinkHost, LinkPolicy, LinkSurroundings } from "./node-link.ts";
import { NodeLink } from "./node-link.ts";
import type { NodeLinks } from "./node-links.ts";
import type { Call } from "./operations.ts";
import type { RetryPolicy } from "./thread-host.ts";
import type { Topology } from "./topology.ts";
import { notSet } from "./timer-wheel.ts";
import type { Timed } from "./timer-wheel.ts";
import { Backoff } from "../net/backoff.ts";
import type { ReplyError, ReplyValue } from "../protocol/resp/reply-values.ts";
import type { ByteString } from "../shared/bytes.ts";

/** A link waits as long as the node does: the attach's own deadline ends it. */
const policy: LinkPolicy = { silenceMs: Number.POSITIVE_INFINITY, redials: false };
const passingCodes: ReadonlySet<string> = new Set(["UNAVAILABLE", "BUSY", "LOADING"]);

class Attach implements Answerable, Timed {
  tick = notSet;
  link: NodeLink | undefined;
  lastError: ClientError | undefined;
  onAbort: (() => void) | undefined;
  readonly token: ByteString;
  readonly deadlineMs: number;
  readonly call: Call<OpenedToken>;
  private readonly attaches: Attaches;

  constructor(attaches: Attaches, token: ByteString, deadlineMs: number, call: Call<OpenedToken>) {
    this.attaches = attaches;
    this.token = token;
    this.deadlineMs = deadlineMs;
    this.call = call;
  }

  answered(reply: ReplyValue): void {
    this.attaches.answered(this, reply);
  }

  /** Told to the host already (linkDown), which knows whose link it was. */
  lost(error: ClientError): void {
    this.lastError = error;
  }

  onDue(): void {
    this.attaches.ended(this, new AttachTimeoutError(this.call.timeoutMs, this.lastError));
  }
}

export class Attaches implements LinkHost, Timed {
  /** Set while everything pauses after a failure. */
  tick = notSet;
  private readonly waiting = new Set<Attach>();
  private readonly inUse = new Map<NodeLink, Attach>();
  private readonly idle: NodeLink[] = [];
  private readonly surroundings: LinkSurroundings;
  private readonly links: NodeLinks;
  private readonly backoff: Backoff;

  constructor(surroundings: LinkSurroundings, links: NodeLinks, retry: RetryPolicy) {
    this.surroundings = surroundings;
    this.links = links;
    this.backoff = new Backoff(retry.delayMsMin, retry.delayMsMax, () => surroundings.time.random());
  }

  /** Throws BackpressureError, OperationAbortedError. */
  begin(token: ByteString, call: Call<OpenedToken>): void {
    if (this.waiting.size >= attachesWaitingMax) throw new BackpressureError("attaches", attachesWaitingMax);
    const { signal } = call;
    if (signal?.aborted === true) throw new OperationAbortedError("attach", signal.reason);
    const { time, wheel } = this.surroundings;
    const attach = new Attach(this, token, time.nowMs() + call.timeoutMs, call);
    if (signal !== undefined) {
      attach.onAbort = (): void => this.ended(attach, new OperationAbortedError("attach", signal.reason));
      signal.addEventListener("abort", attach.onAbort, { once: true });
    }
    this.waiting.add(attach);
    wheel.set(attach, attach.deadlineMs + attachGraceMs);
    this.pump();
  }

  /** Gives links to those who wait. Called when routes change, too. */
  pump(): void {
    if (this.tick !== notSet) return;
    for (const attach of this.waiting) {
      if (this.inUse.size >= attachLinksMax) return;
      const link = this.idle.pop() ?? this.open();
      if (link === undefined) return;
      this.waiting.delete(attach);
      this.inUse.set(link, attach);
      attach.link = link;
      if (link.ready) this.send(attach, link);
    }
  }

  onDue(): void {
    this.pump();
  }

  refuse(link: NodeLink, topology: Topology): ClientError | undefined {
    return this.links.refuse(link, topology);
  }

  linkReady(link: NodeLink): void {
    const attach = this.inUse.get(link);
    if (attach !== undefined) this.send(attach, link);
  }

  linkDown(link: NodeLink, error: ClientError): void {
    const at = this.idle.indexOf(link);
    if (at >= 0) this.idle.splice(at, 1);
    const attach = this.inUse.get(link);
    this.inUse.delete(link);
    if (attach !== undefined) this.again(attach, error);
  }

  answered(attach: Attach, reply: ReplyValue): void {
    this.freeLink(attach);
    if (isReplyError(reply)) {
      this.refused(attach, reply);
      return;
    }
    this.backoff.reset();
    try {
      const opened = openTokenAnswer(reply);
      this.remove(attach);
      attach.call.resolve(opened);
      this.pump();
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      this.ended(attach, error);
    }
  }

  ended(attach: Attach, error: ClientError): void {
    const { link } = attach;
    if (link !== undefined) {
      this.inUse.delete(link);
      // Its answer may be seconds away, and only the end of the connection makes the node stop waiting.
      link.close();
    }
    this.remove(attach);
    attach.call.reject(error);
    this.pump();
  }

  close(): void {
    for (const attach of [...this.waiting, ...this.inUse.values()]) this.ended(attach, new ClientClosedError());
    for (const link of this.idle) link.close();
    this.idle.length = 0;
    this.surroundings.wheel.cancel(this);
  }

  get size(): number {
    return this.waiting.size + this.inUse.size;
  }

  private open(): NodeLink | undefined {
    const target = this.links.reachable();
    if (target === undefined) return undefined;
    const link = new NodeLink(target, this.surroundings, this, policy);
    link.dial();
    return link;
  }

  private send(attach: Attach, link: NodeLink): void {
    const remainingMs = attach.deadlineMs - this.surroundings.time.nowMs();
    const command = openTokenCommand(attach.token, remainingMs);
    link.send(command, attach, attach.token.length);
  }

  private refused(attach: Attach, reply: ReplyError): void {
    const { code, message } = reply;
    const error = new ServerRefusedError(code, message, passingCodes.has(code));
    if (error.retryable) this.again(attach, error);
    else if (code === "TIMEOUT") this.ended(attach, new AttachTimeoutError(attach.call.timeoutMs, error));
    else this.ended(attach, new TokenRefusedError(code, message));
  }

  private again(attach: Attach, error: ClientError): void {
    attach.lastError = error;
    attach.link = undefined;
    this.waiting.add(attach);
    const { time, wheel } = this.surroundings;
    wheel.set(this, time.nowMs() + this.backoff.next(true));
  }

  private freeLink(attach: Attach): void {
    const { link } = attach;
    attach.link = undefined;
    if (link === undefined) return;
    this.inUse.delete(link);
    if (this.idle.length < attachLinksIdleMax) this.idle.push(link);
    else link.retire();
  }

  private remove(attach: Attach): void {
    this.waiting.delete(attach);
    this.surroundings.wheel.cancel(attach);
    if (attach.onAbort !== undefined) attach.call.signal?.removeEventListener("abort", attach.onAbort);
  }
}
