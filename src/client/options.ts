/*
 * What `connect` and the operations can be told, checked once and made complete.
 */
import type { BytesLike } from "./byte-text.ts";
import type { ClientEventHook } from "./events.ts";
import { InvalidArgumentError } from "./errors.ts";
import {
  attemptsMaxDefault,
  closeTimeoutMsDefault,
  connectTimeoutMsDefault,
  pendingBytesMaxDefault,
  pendingOperationsMaxDefault,
  retryDelayMsMaxDefault,
  retryDelayMsMinDefault,
  seedsMax,
  silenceMsDefault,
  timeoutMsDefault,
  timeoutMsMax,
} from "./limits.ts";
import type { RetryPolicy } from "./thread-host.ts";
import type { Address } from "./transport.ts";

export interface ConnectOptions {
  /** Any node of the datacenter; the others are learnt from it. */
  readonly host: string;
  /** Its RESP port. */
  readonly port: number;
  /** Further nodes of the same datacenter, tried at the same time and whenever no node answers. */
  readonly seeds?: readonly Address[];
  readonly password?: string;
  /** Only with a password; "default" if not given. */
  readonly username?: string;
  /** How this client is called in the nodes' `CLIENT LIST`. */
  readonly name?: string;
  /** For each operation, unless it says otherwise: from the call to the answer, retries included. At most 60000. */
  readonly timeoutMs?: number;
  readonly connectTimeoutMs?: number;
  /** A node that owes an answer and says nothing for this long loses its connection. */
  readonly silenceMs?: number;
  /** Attempts of an operation that is refused each time, and the pauses between them. */
  readonly retry?: Partial<RetryPolicy>;
  /** Operations outstanding at once; one more is refused with BackpressureError. */
  readonly pendingOperationsMax?: number;
  readonly pendingBytesMax?: number;
  readonly onEvent?: ClientEventHook;
  /** Gives up connecting. Afterwards it has no effect. */
  readonly signal?: AbortSignal;
}

export interface OperationOptions {
  /** At most 60000. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

/** A value without either stays until it is overwritten or deleted. */
export interface ExpiryOptions {
  /** When the value is gone: a date, or milliseconds since 1970. */
  readonly expiresAt?: Date | number;
  /** The same, this long after the call by the clock of this machine. */
  readonly ttlMs?: number;
}

export interface PutOptions extends OperationOptions, ExpiryOptions {
  /** Only if the key has no value: never written, deleted, or expired. */
  readonly ifAbsent?: boolean;
  /** Only if the key has a value. */
  readonly ifPresent?: boolean;
  /** Only if the key's value is of this version: the `versionText` of what was read or written. */
  readonly ifVersion?: string;
}

export interface DeleteOptions extends OperationOptions {
  /** Only if the key has a value. */
  readonly ifPresent?: boolean;
  /** Only if the key's value is of this version: the `versionText` of what was read or written. */
  readonly ifVersion?: string;
}

/** One write of a transaction. Where the condition of one fails, none is done. */
export type TransactionWrite = TransactionPut | TransactionDelete;

export interface TransactionPut extends ExpiryOptions {
  readonly kind: "put";
  readonly key: BytesLike;
  readonly value: BytesLike;
  /** Only if the key has no value: never written, deleted, or expired. */
  readonly ifAbsent?: boolean;
  /** Only if the key has a value. */
  readonly ifPresent?: boolean;
}

export interface TransactionDelete {
  readonly kind: "delete";
  readonly key: BytesLike;
  /** Only if the key has a value. */
  readonly ifPresent?: boolean;
}

export interface CloseOptions {
  /** How long operations that were accepted before may take to finish. 0: not at all. */
  readonly timeoutMs?: number;
}

export interface Settings {
  readonly seeds: readonly Address[];
  readonly password: string | undefined;
  readonly username: string;
  readonly name: string;
  readonly timeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly silenceMs: number;
  readonly retry: RetryPolicy;
  readonly pendingOperationsMax: number;
  readonly pendingBytesMax: number;
  readonly onEvent: ClientEventHook | undefined;
}

const dayMs = 86_400_000;
const clientName = /^[!-~]{1,64}$/;

/** Throws InvalidArgumentError. */
export function settingsOf(options: ConnectOptions): Settings {
  const seeds = [{ host: options.host, port: options.port }, ...(options.seeds ?? [])];
  if (seeds.length > seedsMax) throw new InvalidArgumentError("seeds", `at most ${seedsMax} are allowed`);
  for (const seed of seeds) checkAddress(seed);
  const { password, username = "default", name = "cops-client", retry = {} } = options;
  if (!clientName.test(name)) throw new InvalidArgumentError("name", "1 to 64 printable characters, no blanks");
  return {
    seeds,
    password,
    username,
    name,
    timeoutMs: timeoutOf(options.timeoutMs, timeoutMsDefault),
    connectTimeoutMs: whole("connectTimeoutMs", options.connectTimeoutMs, connectTimeoutMsDefault, 1, dayMs),
    silenceMs: whole("silenceMs", options.silenceMs, silenceMsDefault, 1, dayMs),
    retry: retryOf(retry),
    pendingOperationsMax: whole("pendingOperationsMax", options.pendingOperationsMax, pendingOperationsMaxDefault, 1),
    pendingBytesMax: whole("pendingBytesMax", options.pendingBytesMax, pendingBytesMaxDefault, 1),
    onEvent: options.onEvent,
  };
}

/** Throws InvalidArgumentError. */
export function timeoutOf(timeoutMs: number | undefined, otherwise: number): number {
  return whole("timeoutMs", timeoutMs, otherwise, 1, timeoutMsMax);
}

/** Throws InvalidArgumentError. */
export function closeTimeoutOf(timeoutMs: number | undefined): number {
  return whole("timeoutMs", timeoutMs, closeTimeoutMsDefault, 0, dayMs);
}

function retryOf(retry: Partial<RetryPolicy>): RetryPolicy {
  const delayMsMin = whole("retry.delayMsMin", retry.delayMsMin, retryDelayMsMinDefault, 1, dayMs);
  const delayMsMax = whole(
    "retry.delayMsMax",
    retry.delayMsMax,
    Math.max(delayMsMin, retryDelayMsMaxDefault),
    1,
    dayMs,
  );
  if (delayMsMax < delayMsMin) throw new InvalidArgumentError("retry.delayMsMax", "less than retry.delayMsMin");
  return {
    attemptsMax: whole("retry.attemptsMax", retry.attemptsMax, attemptsMaxDefault, 1, 1_000_000),
    delayMsMin,
    delayMsMax,
  };
}

function checkAddress(address: Address): void {
  if (typeof address.host !== "string" || address.host === "") throw new InvalidArgumentError("host", "not given");
  whole("port", address.port, 0, 1, 65_535);
}

/** Throws InvalidArgumentError. */
export function whole(
  argument: string,
  value: number | undefined,
  otherwise: number,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  const number = value ?? otherwise;
  if (!Number.isSafeInteger(number) || number < min || number > max) {
    throw new InvalidArgumentError(argument, `${number} is not a whole number from ${min} to ${max}`);
  }
  return number;
}
