/*
 * From what callers give to what is sent: keys and values as bytes, conditions and expiries checked, limits kept. Whatever
 * is wrong is said here, before anything is sent.
 */
import { toByteString } from "./byte-text.ts";
import type { BytesLike } from "./byte-text.ts";
import type { KeyWrite, Presence, SingleOrder, TransactionOrder } from "./commands.ts";
import { InvalidArgumentError } from "./errors.ts";
import { whole } from "./options.ts";
import type { DeleteOptions, ExpiryOptions, PutOptions, TransactionWrite } from "./options.ts";
import { versionTextNone } from "./results.ts";
import type { ByteString } from "../shared/bytes.ts";
import { keyBytesMax, transactionBytesMax, transactionKeysMax, valueBytesMax } from "../shared/limits.ts";

/** The greatest time that a `Date` knows. */
const unixMsMax = 8_640_000_000_000_000;
const versionText = /^[0-9]{1,16}\/[0-9]{1,5}\/[0-9]{1,5}$/;

export function keyOf(key: BytesLike): ByteString {
  return toByteString(key, "key", keyBytesMax);
}

/** Throws InvalidArgumentError, like all of the following. */
export function putOrder(key: BytesLike, value: BytesLike, options: PutOptions, nowUnixMs: number): SingleOrder {
  const version = versionOf(options);
  const presence = presenceOf(options, "");
  if (version !== undefined && presence !== undefined) {
    throw new InvalidArgumentError("ifVersion", "excludes ifAbsent and ifPresent");
  }
  const write = {
    key: keyOf(key),
    value: toByteString(value, "value", valueBytesMax),
    presence,
    expiryUnixMs: expiryOf(options, "", nowUnixMs),
  };
  return { kind: "put", write, version };
}

export function deleteOrder(key: BytesLike, options: DeleteOptions): SingleOrder {
  const version = versionOf(options);
  const presence = presenceOf(options, "");
  if (version !== undefined && presence !== undefined) {
    throw new InvalidArgumentError("ifVersion", "excludes ifPresent");
  }
  return { kind: "delete", write: { key: keyOf(key), value: undefined, presence, expiryUnixMs: undefined }, version };
}

export function transactionOrder(writes: readonly TransactionWrite[], nowUnixMs: number): TransactionOrder {
  const count = countOf(writes, "writes");
  const byKey = new Map<ByteString, KeyWrite>();
  let bytes = 0;
  for (let i = 0; i < count; i++) {
    const write = keyWriteOf(writes[i], `writes[${i}]`, nowUnixMs);
    if (byKey.has(write.key)) throw new InvalidArgumentError(`writes[${i}].key`, "is written twice");
    byKey.set(write.key, write);
    bytes += write.key.length + (write.value?.length ?? 0);
    checkBytes(bytes, "writes", "keys and values");
  }
  return { kind: "transaction", writes: [...byKey.values()] };
}

/** Each key once, and for each of the given ones which of these it is. */
export interface KeyOrder {
  readonly keys: readonly ByteString[];
  readonly places: readonly number[];
}

export function keysOf(keys: readonly BytesLike[]): KeyOrder {
  const count = countOf(keys, "keys");
  const placeOf = new Map<ByteString, number>();
  const places: number[] = [];
  let bytes = 0;
  for (let i = 0; i < count; i++) {
    const key = toByteString(keys[i] as BytesLike, `keys[${i}]`, keyBytesMax);
    let place = placeOf.get(key);
    if (place === undefined) {
      place = placeOf.size;
      placeOf.set(key, place);
      bytes += key.length;
      checkBytes(bytes, "keys", "keys");
    }
    places.push(place);
  }
  return { keys: [...placeOf.keys()], places };
}

function countOf(list: readonly unknown[], argument: string): number {
  if (!Array.isArray(list)) throw new InvalidArgumentError(argument, "not an array");
  if (list.length === 0) throw new InvalidArgumentError(argument, "empty");
  if (list.length > transactionKeysMax) {
    throw new InvalidArgumentError(argument, `${list.length} keys, a transaction takes ${transactionKeysMax} at most`);
  }
  return list.length;
}

function checkBytes(bytes: number, argument: string, what: string): void {
  if (bytes <= transactionBytesMax) return;
  throw new InvalidArgumentError(argument, `more than ${transactionBytesMax} bytes of ${what} in one transaction`);
}

function keyWriteOf(write: TransactionWrite | undefined, argument: string, nowUnixMs: number): KeyWrite {
  if (typeof write !== "object" || write === null) throw new InvalidArgumentError(argument, "not a write");
  // A condition that is not known must not be taken for none.
  if ("ifVersion" in write) throw new InvalidArgumentError(`${argument}.ifVersion`, "is for single writes");
  const key = toByteString(write.key, `${argument}.key`, keyBytesMax);
  const presence = presenceOf(write, `${argument}.`);
  switch (write.kind) {
    case "put": {
      const value = toByteString(write.value, `${argument}.value`, valueBytesMax);
      return { key, value, presence, expiryUnixMs: expiryOf(write, `${argument}.`, nowUnixMs) };
    }
    case "delete":
      return { key, value: undefined, presence, expiryUnixMs: undefined };
    default:
      throw new InvalidArgumentError(`${argument}.kind`, "neither put nor delete");
  }
}

function presenceOf(options: { ifAbsent?: boolean; ifPresent?: boolean }, prefix: string): Presence {
  const { ifAbsent = false, ifPresent = false } = options;
  if (ifAbsent && ifPresent) throw new InvalidArgumentError(`${prefix}ifAbsent`, "excludes ifPresent");
  return ifAbsent ? "NX" : ifPresent ? "XX" : undefined;
}

function versionOf({ ifVersion }: { readonly ifVersion?: string }): string | undefined {
  if (ifVersion === undefined || ifVersion === versionTextNone || versionText.test(ifVersion)) return ifVersion;
  throw new InvalidArgumentError("ifVersion", "not the text of a version");
}

function expiryOf({ expiresAt, ttlMs }: ExpiryOptions, prefix: string, nowUnixMs: number): number | undefined {
  if (expiresAt !== undefined) {
    if (ttlMs !== undefined) throw new InvalidArgumentError(`${prefix}expiresAt`, "excludes ttlMs");
    return whole(`${prefix}expiresAt`, Number(expiresAt), 0, 1, unixMsMax);
  }
  if (ttlMs === undefined) return undefined;
  return Math.floor(nowUnixMs) + whole(`${prefix}ttlMs`, ttlMs, 0, 1, unixMsMax - Math.ceil(nowUnixMs));
}
