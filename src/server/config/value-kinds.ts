/*
 * The kinds of values that a setting can have, each of which says in words what is right. The words are the message of
 * every issue that zod finds, whatever was wrong: people need to know what to write, not what a parser met.
 */
import { z } from "zod";

const KiB = 1024;
const unitBytes: Readonly<Record<string, number>> = {
  B: 1,
  KiB,
  MiB: KiB ** 2,
  GiB: KiB ** 3,
  TiB: KiB ** 4,
};
const sizePattern = /^(\d+(?:\.\d+)?) ?(B|KiB|MiB|GiB|TiB)?$/;
const NAME_LENGTH_MAX = 64;
const TEXT_LENGTH_MAX = 1024;

/** What `z.string().regex()` and its like say, in our words. */
function must(right: string): { error: () => string } {
  return { error: (): string => right };
}

export function wholeNumber(min: number, max: number, unit = ""): z.ZodInt {
  const words = must(`a whole number${unit === "" ? "" : ` of ${unit}`} from ${min} to ${max}`);
  return z.int(words).min(min, words).max(max, words);
}

export function milliseconds(min: number, max: number): z.ZodInt {
  return wholeNumber(min, max, "milliseconds");
}

export function yesOrNo(): z.ZodBoolean {
  return z.boolean(must("true or false"));
}

/** Letters, digits, dots, dashes and underscores: fit for a file's name, a prompt and a metric's label. */
export function shortName(): z.ZodString {
  const words = must(`1 to ${NAME_LENGTH_MAX} letters, digits, dots, dashes or underscores, a letter or digit first`);
  return z.string(words).regex(new RegExp(`^[A-Za-z0-9][A-Za-z0-9._-]{0,${NAME_LENGTH_MAX - 1}}$`), words);
}

export function hostName(): z.ZodString {
  const words = must("a host name or an IP address");
  return z.string(words).regex(/^[A-Za-z0-9.:_-]{1,253}$/, words);
}

export function portNumber(): z.ZodInt {
  return wholeNumber(1, 65_535);
}

export function secretText(charactersMin: number): z.ZodString {
  const words = must(`${charactersMin} to ${TEXT_LENGTH_MAX} characters (in quotes if they look like a number)`);
  return z.string(words).min(charactersMin, words).max(TEXT_LENGTH_MAX, words);
}

export function pathText(): z.ZodString {
  const words = must("the path of a directory");
  return z.string(words).min(1, words).max(TEXT_LENGTH_MAX, words);
}

export type SizeKind = z.ZodPipe<
  z.ZodUnion<readonly [z.ZodNumber, z.ZodString]>,
  z.ZodTransform<number, number | string>
>;

/** A number of bytes, or a text such as 512MiB. */
export function byteSize(min: number, max: number): SizeKind {
  const right = `a size from ${sizeText(min)} to ${sizeText(max)}, as bytes or with a unit (64MiB)`;
  const written = z.union([z.number(), z.string().regex(sizePattern)] as const, must(right));
  return written.transform((value, context) => {
    const bytes = bytesOfSize(value);
    if (bytes !== undefined && bytes >= min && bytes <= max) return bytes;
    context.addIssue(right);
    return z.NEVER;
  });
}

function bytesOfSize(size: number | string): number | undefined {
  if (typeof size === "number") return Number.isSafeInteger(size) ? size : undefined;
  const [, digits = "", unit = "B"] = sizePattern.exec(size) ?? [];
  const bytes = Number(digits) * (unitBytes[unit] as number);
  return digits !== "" && Number.isSafeInteger(bytes) ? bytes : undefined;
}

export function sizeText(bytes: number): string {
  const [unit = "B", per = 1] = Object.entries(unitBytes).findLast(([, each]) => bytes >= each) ?? [];
  return `${Number((bytes / per).toFixed(1))}${unit}`;
}
