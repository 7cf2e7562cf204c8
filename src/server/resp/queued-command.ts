/*
 * What a command behind MULTI becomes: a part of one read transaction, or of one write transaction. Commands say how by a rule
 * (command.ts); a rule or a fold that answers a text refuses the command with that error.
 *
 *   rule(args) ──▶ read: its keys ──EXEC──▶ what they show at one time ──▶ its reply
 *              ──▶ write: folded into the plan of the transaction (write-plan.ts), in order ──EXEC──▶ its reply
 */
import type { ReplyWriter } from "../../protocol/resp/reply-writer.ts";
import type { Version } from "../../protocol/version.ts";
import type { ByteString } from "../../shared/bytes.ts";
import type { OperationShape } from "./operation-shape.ts";
import { isKeyTooLarge, keyTooLarge } from "./size-limits.ts";
import type { WritePlan } from "./write-plan.ts";

type Versions = readonly (Version | undefined)[];

export interface QueuedRead {
  readonly kind: "read";
  readonly keys: readonly ByteString[];
  /** Its reply; `versions[from]` is what its first key shows. */
  answer(reply: ReplyWriter, versions: Versions, from: number): void;
}

/** The reply of a write; `olds` are what the plan's writes replaced. */
export type QueuedAnswer = (reply: ReplyWriter, olds: Versions) => void;

export interface QueuedWrite {
  readonly kind: "write";
  /** Adds what it does to the plan. */
  fold(plan: WritePlan): QueuedAnswer | ByteString;
}

export type QueuedCommand = QueuedRead | QueuedWrite;

export type QueueRule = (args: readonly ByteString[]) => QueuedCommand | ByteString;

/** A read of one key, answered as outside of MULTI. */
export function queuedReadOf(shape: OperationShape): QueueRule {
  return (args) => {
    const key = args[1] as ByteString;
    if (isKeyTooLarge(key)) return keyTooLarge;
    return { kind: "read", keys: [key], answer: (reply, versions, from) => shape.readDone(reply, versions[from]) };
  };
}

export function answerOk(reply: ReplyWriter): void {
  reply.ok();
}

/** Redis would carry out the others all the same; here a condition is one of the whole transaction. */
export function conditionalInMulti(command: string): ByteString {
  return `ERR ${command} is not allowed in MULTI: all of the transaction would hang on its condition. Use SET NX, MSETNX or COPS.CAS outside of MULTI`;
}
