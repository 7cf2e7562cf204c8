/*
 * A session as a story tells it: each call submits one operation and answers its Outcome, which may come later.
 */
import type { Seen } from "../attach.ts";
import type { Session } from "../session.ts";
import { Outcome } from "./outcome.ts";
import { TransactionOutcome } from "./transaction-outcome.ts";
import { conditionNone } from "../../protocol/messages/forward.ts";
import type { WriteRequest } from "../../protocol/messages/forward.ts";
import { effectAssign, effectDelete, formatDot } from "../../protocol/version.ts";
import type { RequestId } from "../../protocol/write.ts";
import type { ByteString } from "../../shared/bytes.ts";

export type PutOptions = Partial<Pick<WriteRequest, "condition" | "wantOld" | "request" | "expiry">>;

export function assign(key: ByteString, value: ByteString, options: PutOptions = {}): WriteRequest {
  const plain = { expiry: 0, wantOld: false, request: undefined };
  return { effect: effectAssign, key, value, condition: conditionNone, ...plain, ...options };
}

export class TestSession {
  readonly session: Session;
  private readonly datacenter: number;
  /** Called when an operation ends, with how the story would tell it. */
  private readonly told: (what: string, outcome: Outcome) => void;

  constructor(session: Session, datacenter: number, told: (what: string, outcome: Outcome) => void) {
    this.session = session;
    this.datacenter = datacenter;
    this.told = told;
  }

  put(key: ByteString, value: ByteString, options: PutOptions = {}): Outcome {
    const outcome = this.outcome(`put ${key}=${value}`);
    this.session.write(assign(key, value, options), outcome, 0);
    return outcome;
  }

  delete(key: ByteString, options: PutOptions = {}): Outcome {
    const outcome = this.outcome(`delete ${key}`);
    this.session.write({ ...assign(key, "", options), effect: effectDelete }, outcome, 0);
    return outcome;
  }

  get(key: ByteString): Outcome {
    const outcome = this.outcome(`get ${key}`);
    this.session.read(key, outcome, 0);
    return outcome;
  }

  /** A read transaction. */
  snapshot(...keys: ByteString[]): TransactionOutcome {
    const outcome = new TransactionOutcome();
    this.session.readTransaction(keys, outcome, 0);
    return outcome;
  }

  /** A write transaction: key, value pairs; or writes as they are. */
  putAll(
    writes: Readonly<Record<string, ByteString>> | readonly WriteRequest[],
    request?: RequestId,
  ): TransactionOutcome {
    const outcome = new TransactionOutcome();
    const list = isList(writes) ? writes : Object.entries(writes).map(([key, value]) => assign(key, value));
    this.session.writeTransaction(list, request, outcome, 0);
    return outcome;
  }

  barrier(): Outcome {
    const outcome = this.outcome("barrier");
    this.session.barrier(outcome, 0);
    return outcome;
  }

  attach(seen: Seen, timeoutMs = 1_000): Outcome {
    const outcome = this.outcome("attach");
    this.session.attachTo(seen, timeoutMs, outcome, 0);
    return outcome;
  }

  /** What a token of this session would carry. */
  seen(): Seen {
    const { context } = this.session;
    return { dependencies: context.dependencies(), floor: context.floor, datacenter: this.datacenter };
  }

  /** The exact dots of the context, as `datacenter/partition/seq`. */
  get dots(): string[] {
    return inWords(this.session.context.dependencies().dots);
  }

  get prefixes(): string[] {
    return inWords(this.session.context.dependencies().prefixes);
  }

  private outcome(what: string): Outcome {
    return new Outcome((outcome) => this.told(what, outcome));
  }
}

function isList(
  writes: Readonly<Record<string, ByteString>> | readonly WriteRequest[],
): writes is readonly WriteRequest[] {
  return Array.isArray(writes);
}

export function inWords(pairs: readonly number[]): string[] {
  const words: string[] = [];
  for (let i = 0; i < pairs.length; i += 2) words.push(formatDot(pairs[i] as number, pairs[i + 1] as number));
  return words;
}
