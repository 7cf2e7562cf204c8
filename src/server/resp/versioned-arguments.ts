/*
 * The arguments that commands with explicit contexts share: CONTEXT bytes, FLOOR time, REQUEST client number answeredBelow; of
 * writes NX, XX or VERSION text, and PXAT unixMs.
 */
import { ByteReader, DecodeError } from "../../protocol/byte-reader.ts";
import { originsExist } from "../../protocol/causal-token.ts";
import type { TokenIssuer } from "../../protocol/causal-token.ts";
import { decodeDependencies } from "../../protocol/dependencies.ts";
import type { Dependencies } from "../../protocol/dependencies.ts";
import { conditionAbsent, conditionNone, conditionPresent, conditionVersion } from "../../protocol/messages/forward.ts";
import type { Condition } from "../../protocol/messages/forward.ts";
import type { HybridTime } from "../../protocol/hybrid-time.ts";
import type { VersionName } from "../../protocol/version.ts";
import type { RequestId } from "../../protocol/write.ts";
import { contextDotsMax } from "../../shared/limits.ts";
import { bytesOf } from "../../shared/bytes.ts";
import type { ByteString } from "../../shared/bytes.ts";
import { syntaxError } from "./command.ts";
import { expiryOf } from "./expiry-arguments.ts";
import { notAVersion, versionOfText } from "./version-text.ts";

/** A client's id, as the log keeps it. */
const clientIdBytesMax = 64;

export interface VersionedArguments {
  dependencies: Dependencies | undefined;
  floor: HybridTime | undefined;
  request: RequestId | undefined;
  condition: Condition;
  /** Of VERSION. */
  expected: VersionName | undefined;
  /** In Unix ms; 0 for never. */
  expiry: number;
}

export type ArgumentName = "context" | "floor" | "request" | "nx" | "xx" | "version" | "pxat";

/** Reads them from `args[start]` on, those in `allowed` and no others; a text is the error to answer. */
export function versionedArguments(
  args: readonly ByteString[],
  start: number,
  allowed: ReadonlySet<ArgumentName>,
  issuer: TokenIssuer,
): VersionedArguments | ByteString {
  const read: VersionedArguments = {
    dependencies: undefined,
    floor: undefined,
    request: undefined,
    condition: conditionNone,
    expected: undefined,
    expiry: 0,
  };
  for (let i = start; i < args.length;) {
    const name = (args[i] as ByteString).toLowerCase() as ArgumentName;
    if (!allowed.has(name)) return syntaxError;
    const error = readArgument(read, name, args, i + 1, issuer);
    if (error !== undefined) return error;
    i += lengths[name];
  }
  return read;
}

/** Arguments with their names. */
const lengths: Readonly<Record<ArgumentName, number>> = {
  context: 2,
  floor: 2,
  request: 4,
  nx: 1,
  xx: 1,
  version: 2,
  pxat: 2,
};

function readArgument(
  read: VersionedArguments,
  name: ArgumentName,
  args: readonly ByteString[],
  at: number,
  issuer: TokenIssuer,
): ByteString | undefined {
  if (at + lengths[name] - 1 > args.length) return syntaxError;
  if (name === "context") {
    read.dependencies = dependenciesOf(args[at] as ByteString, issuer);
    return read.dependencies === undefined ? "ERR CONTEXT is not a context of this cluster" : undefined;
  }
  if (name === "floor") {
    read.floor = wholeNumber(args[at] as ByteString);
    return read.floor === undefined ? "ERR FLOOR is not a hybrid time" : undefined;
  }
  if (name === "request") {
    read.request = requestOf(args, at);
    return read.request === undefined ? "ERR REQUEST is not a client's id and two whole numbers" : undefined;
  }
  if (name === "pxat") {
    const expiry = expiryOf("pxat", args[at] as ByteString, (args[0] as ByteString).toLowerCase());
    if (typeof expiry === "string") return expiry;
    read.expiry = expiry.ms;
    return undefined;
  }
  return readCondition(read, name, args[at]);
}

function readCondition(
  read: VersionedArguments,
  name: "nx" | "xx" | "version",
  text: ByteString | undefined,
): ByteString | undefined {
  if (read.condition !== conditionNone) return syntaxError;
  if (name !== "version") {
    read.condition = name === "nx" ? conditionAbsent : conditionPresent;
    return undefined;
  }
  read.condition = conditionVersion;
  read.expected = versionOfText(text as ByteString);
  return read.expected === undefined ? notAVersion : undefined;
}

function dependenciesOf(bytes: ByteString, issuer: TokenIssuer): Dependencies | undefined {
  const reader = new ByteReader(bytesOf(bytes));
  try {
    const dependencies = decodeDependencies(reader);
    if (dependencies.dots.length > contextDotsMax * 2) return undefined;
    return reader.remaining === 0 && originsExist(dependencies, issuer) ? dependencies : undefined;
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function requestOf(args: readonly ByteString[], at: number): RequestId | undefined {
  const client = args[at] as ByteString;
  const number = wholeNumber(args[at + 1] as ByteString);
  const answeredBelow = wholeNumber(args[at + 2] as ByteString);
  if (client.length === 0 || client.length > clientIdBytesMax) return undefined;
  return number === undefined || answeredBelow === undefined ? undefined : { client, number, answeredBelow };
}

/** A safe integer from 0. */
export function wholeNumber(text: ByteString): number | undefined {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(value) ? value : undefined;
}
