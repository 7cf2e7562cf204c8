/*
 * Expiry as commands ask for it: EX, PX, EXAT, PXAT and KEEPTTL, judged and refused as Redis does. What counts from now becomes
 * an absolute time at the node that takes the command, by its wall clock: the same time in every datacenter.
 */
import { expiryKept } from "../../protocol/messages/forward.ts";
import type { ByteString } from "../../shared/bytes.ts";
import { notAnInteger, syntaxError } from "./command.ts";

/** In Unix ms, or from when the command is carried out. `ms` may be `expiryKept`. */
export interface ExpiryAsked {
  readonly isRelative: boolean;
  readonly ms: number;
}

const noExpiry: ExpiryAsked = { isRelative: false, ms: 0 };
const keptExpiry: ExpiryAsked = { isRelative: false, ms: expiryKept };

/** Some hundred thousand years: sums with the clock stay safe integers. */
const expiryMsMax = 2 ** 52;

const units: Readonly<Record<string, { readonly isRelative: boolean; readonly factor: number } | undefined>> = {
  ex: { isRelative: true, factor: 1000 },
  px: { isRelative: true, factor: 1 },
  exat: { isRelative: false, factor: 1000 },
  pxat: { isRelative: false, factor: 1 },
};

const integerText = /^(?:0|-?[1-9]\d{0,18})$/;
/** More digits than these may be beyond 64 bits. */
const digitsSafe = 18;

/** A signed 64-bit integer as Redis reads one, to the precision of a double; undefined for anything else. */
function longOf(text: ByteString): number | undefined {
  if (!integerText.test(text)) return undefined;
  if (text.length > digitsSafe && BigInt(text) !== BigInt.asIntN(64, BigInt(text))) return undefined;
  return Number(text);
}

function invalidExpiry(command: ByteString): ByteString {
  return `ERR invalid expire time in '${command}' command`;
}

/** An expiry that has to lie ahead, or at least after 1970; a text is the error. */
export function expiryOf(
  unit: "ex" | "px" | "exat" | "pxat",
  text: ByteString,
  command: ByteString,
): ExpiryAsked | ByteString {
  const { isRelative, factor } = units[unit] as NonNullable<(typeof units)[string]>;
  const value = longOf(text);
  if (value === undefined) return notAnInteger;
  const ms = value * factor;
  return ms > 0 && ms <= expiryMsMax ? { isRelative, ms } : invalidExpiry(command);
}

/** A time that may be over, as EXPIRE takes it; a text is the error. */
export function expireTimeOf(
  text: ByteString,
  isRelative: boolean,
  factor: number,
  command: ByteString,
): ExpiryAsked | ByteString {
  const value = longOf(text);
  if (value === undefined) return notAnInteger;
  const ms = value * factor;
  return Math.abs(ms) <= expiryMsMax ? { isRelative, ms } : invalidExpiry(command);
}

/** The absolute time, for a command that is carried out at `nowMs`. */
export function expiryAt({ isRelative, ms }: ExpiryAsked, nowMs: number): number {
  return isRelative ? nowMs + ms : ms;
}

/** Collects the options on expiry of one command: at most one kind, as in Redis; of one kind the last counts. */
export class ExpiryOptions {
  private readonly command: ByteString;
  private readonly allowed: "keepttl" | "persist" | undefined;
  private kind: string | undefined;
  private text: ByteString = "";

  /** `allowed` is the word that the command takes beside those with a time. */
  constructor(command: ByteString, allowed?: "keepttl" | "persist") {
    this.command = command;
    this.allowed = allowed;
  }

  /** How many arguments the option `word` (in small letters) with what follows takes; 0 where it is none, or one too many. */
  take(word: ByteString, next: ByteString | undefined): number {
    if (this.kind !== undefined && this.kind !== word) return 0;
    if (word === this.allowed) {
      this.kind = word;
      return 1;
    }
    if (!Object.hasOwn(units, word) || next === undefined) return 0;
    this.kind = word;
    this.text = next;
    return 2;
  }

  get isGiven(): boolean {
    return this.kind !== undefined;
  }

  get persists(): boolean {
    return this.kind === "persist";
  }

  /** A text is the error. */
  get asked(): ExpiryAsked | ByteString {
    const { kind } = this;
    if (kind === undefined || kind === "persist") return noExpiry;
    if (kind === "keepttl") return keptExpiry;
    return expiryOf(kind as "ex" | "px" | "exat" | "pxat", this.text, this.command);
  }
}

/** The options of a command that takes no others, from `args[start]` on; a text is the error. */
export function expiryOptionsOf(
  args: readonly ByteString[],
  start: number,
  options: ExpiryOptions,
): ExpiryAsked | ByteString {
  for (let i = start; i < args.length;) {
    const taken = options.take((args[i] as ByteString).toLowerCase(), args[i + 1]);
    if (taken === 0) return syntaxError;
    i += taken;
  }
  return options.asked;
}
