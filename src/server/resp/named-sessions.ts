/*
 * Sessions that several connections to this node share (COPS.SESSION, design 3.4): a client's pool is then one thread of
 * execution, with one context and one order.
 *
 *   join ──▶ joined by n connections ──leave──▶ ... ──the last leaves──▶ idle ──join──▶ joined
 *                                                     idle ──namedSessionIdleMsMax──▶ forgotten
 *
 * Bounded by `namedSessionsMax`: when full, the session that has been idle longest makes room; when none is idle, a new name
 * is refused. A forgotten session costs its users only what it had seen: the next join begins a fresh one.
 */
import type { NodeCore } from "../../core/node-core.ts";
import type { Session } from "../../core/session.ts";
import type { ByteString } from "../../shared/bytes.ts";
import type { RespLimits } from "./resp-limits.ts";

export interface NamedSession {
  readonly name: ByteString;
  readonly session: Session;
  connections: number;
  /** Wall time, in Unix ms. */
  idleSinceMs: number;
}

export class NamedSessions {
  private readonly byName = new Map<ByteString, NamedSession>();
  /** Sessions without a connection, longest idle first. */
  private readonly idle = new Set<NamedSession>();
  private readonly core: NodeCore;
  private readonly limits: Readonly<RespLimits>;

  constructor(core: NodeCore, limits: Readonly<RespLimits>) {
    this.core = core;
    this.limits = limits;
  }

  get size(): number {
    return this.byName.size;
  }

  /** Undefined when there are too many. */
  join(name: ByteString): NamedSession | undefined {
    let named = this.byName.get(name);
    if (named === undefined) {
      if (this.byName.size >= this.limits.namedSessionsMax && !this.dropIdlest()) return undefined;
      named = { name, session: this.core.createSession(), connections: 0, idleSinceMs: 0 };
      this.byName.set(name, named);
    }
    named.connections++;
    this.idle.delete(named);
    return named;
  }

  leave(named: NamedSession, nowMs: number): void {
    if (--named.connections > 0) return;
    named.idleSinceMs = nowMs;
    this.idle.add(named);
  }

  /** Forgets what has been idle too long. */
  sweep(nowMs: number): void {
    for (const named of this.idle) {
      if (named.idleSinceMs + this.limits.namedSessionIdleMsMax > nowMs) return;
      this.forget(named);
    }
  }

  private dropIdlest(): boolean {
    for (const named of this.idle) {
      this.forget(named);
      return true;
    }
    return false;
  }

  private forget(named: NamedSession): void {
    this.idle.delete(named);
    this.byName.delete(named.name);
    named.session.close();
  }
}
