/*
 * What one connection has queued since MULTI. Each command is looked at when it comes: what cannot be part of a transaction is
 * refused then, and EXEC will refuse the whole, as Redis does.
 *
 *   MULTI ──▶ queueing ──a command──▶ queueing
 *                      ──an error──▶ failed: what is queued is let go, EXEC answers EXECABORT
 *             any ──EXEC, DISCARD, RESET, the connection is closed──▶ over
 *
 * A transaction only reads or only writes. Read and write in one would need a snapshot that nothing may pass until the writes
 * are decided, in every partition that it touches; conditions on what was read do that for less (COPS.CAS, MSETNX).
 *
 * Bounded (invariant 12) by `multiCommandsMax`, `multiBytesMax` and, in keys, `transactionKeysMax`.
 */
import { transactionKeysMax } from "../../shared/limits.ts";
import type { ByteString } from "../../shared/bytes.ts";
import type { Command } from "./command.ts";
import type { RespConnection } from "./connection.ts";
import type { QueuedCommand, QueuedRead, QueuedWrite } from "./queued-command.ts";
import type { RespLimits } from "./resp-limits.ts";
import { tooManyKeys } from "./size-limits.ts";
import { WritePlan } from "./write-plan.ts";

/** What a queued argument costs beside its bytes: an estimate. */
const argumentOverheadBytes = 48;

export class MultiQueue {
  readonly reads: QueuedRead[] = [];
  readonly writes: QueuedWrite[] = [];
  /** Of what is queued. */
  bytes = 0;
  private hasFailed = false;
  private readKeys = 0;
  /** What the writes come to, to see early what they cannot be. EXEC makes its own: times count from there. */
  private plan: WritePlan | undefined;

  get failed(): boolean {
    return this.hasFailed;
  }

  /** Queues a command and says so, or refuses it. */
  take(client: RespConnection, command: Command, args: readonly ByteString[]): void {
    const { core, limits } = client.services;
    const problem = this.hasFailed ? undefined : this.add(command, args, core.state.nowMs, limits);
    if (problem === undefined) {
      client.replies.begin().simple("QUEUED");
      client.replies.end();
      return;
    }
    this.fail();
    client.replies.error(problem);
  }

  /** EXEC will refuse. */
  fail(): void {
    this.hasFailed = true;
    this.reads.length = 0;
    this.writes.length = 0;
    this.bytes = 0;
    this.plan = undefined;
  }

  /** A text is the error. */
  private add(
    command: Command,
    args: readonly ByteString[],
    nowMs: number,
    limits: RespLimits,
  ): ByteString | undefined {
    const { inMulti: rule } = command;
    if (rule === undefined || rule === "atOnce") {
      return `ERR Command '${command.name}' is not allowed in MULTI, which takes reads or writes of strings`;
    }
    const queued = rule(args);
    if (typeof queued === "string") return queued;
    for (const arg of args) this.bytes += arg.length + argumentOverheadBytes;
    if (this.bytes > limits.multiBytesMax) return `ERR MULTI holds at most ${limits.multiBytesMax} bytes of commands`;
    if (this.reads.length + this.writes.length >= limits.multiCommandsMax) {
      return `ERR MULTI holds at most ${limits.multiCommandsMax} commands`;
    }
    return this.keep(queued, nowMs);
  }

  private keep(queued: QueuedCommand, nowMs: number): ByteString | undefined {
    if (queued.kind === "read") {
      this.reads.push(queued);
      this.readKeys += queued.keys.length;
      return this.readKeys > transactionKeysMax ? tooManyKeys : undefined;
    }
    this.writes.push(queued);
    this.plan ??= new WritePlan(nowMs);
    const folded = queued.fold(this.plan);
    if (typeof folded === "string") return folded;
    return this.plan.size > transactionKeysMax ? tooManyKeys : undefined;
  }
}
