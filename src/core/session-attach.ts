/*
 * A session takes over what another one had seen (design, 3.4): one attach at a time, and nothing else of the session before
 * it is over. When its time is up nothing has changed.
 */
import { Attach } from "./attach.ts";
import type { Seen } from "./attach.ts";
import type { Context } from "./context.ts";
import { failureOf } from "./failure.ts";
import type { OperationSink } from "./operations.ts";
import type { SessionServices } from "./session-services.ts";
import { maxSkewMs } from "../shared/limits.ts";
import { ticksPerMs } from "../protocol/hybrid-time.ts";

export class SessionAttach {
  private attach: Attach | undefined;
  private readonly services: SessionServices;
  private readonly context: Context;
  /** It is over: the session goes on. */
  private readonly advance: () => void;

  constructor(services: SessionServices, context: Context, advance: () => void) {
    this.services = services;
    this.context = context;
    this.advance = advance;
  }

  get isOut(): boolean {
    return this.attach !== undefined;
  }

  /** Nothing of the session is under way. */
  start(seen: Seen, timeoutMs: number, sink: OperationSink, tag: number): void {
    const { state, answers, remote } = this.services;
    if (seen.floor > state.clock.physicalTime + maxSkewMs * ticksPerMs) {
      sink.failed(tag, failureOf("CLOCKSKEW"));
      return;
    }
    const attach = new Attach(state, answers, remote, seen, state.timerMs + timeoutMs, () => {
      this.attach = undefined;
      this.services.attaches.delete(attach);
      this.context.merge(seen.dependencies, Math.max(seen.floor, state.clock.told(), remote.clockSeen));
      sink.reached(tag);
      state.wake();
      this.advance();
    });
    this.attach = attach;
    this.services.attaches.set(attach, () => {
      attach.cancel();
      this.attach = undefined;
      sink.failed(tag, failureOf("TIMEOUT"));
      this.advance();
    });
    attach.begin();
  }

  /** The session is closed. */
  cancel(): void {
    if (this.attach === undefined) return;
    this.attach.cancel();
    this.services.attaches.delete(this.attach);
    this.attach = undefined;
  }
}
