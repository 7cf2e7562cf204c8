/*
 * Splits an inline command line into arguments by Redis's rules (sdssplitargs): blanks separate; "..." takes \n \r \t \b
 * \a, \xHH and any other escaped byte as itself; '...' takes only \' ; a closing quote must be followed by a blank or the
 * end. People typing into telnet or nc are the ones who use it, so it is not written for speed.
 */
import type { ByteString } from "../../shared/bytes.ts";

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", a: "\x07" };
/** Between arguments, and behind a closing quote. */
const BLANK = /[ \t\n\v\f\r\0]/;
/** What ends a bare argument: Redis takes \v and \f as part of it. */
const BARE_END = /[ \t\n\r\0]/;
const HEX_ESCAPE = /^\\x([0-9a-fA-F]{2})/;

/** The arguments of the line; undefined when its quotes are unbalanced. */
export function splitInline(line: ByteString): ByteString[] | undefined {
  const found: ByteString[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && isBlank(line, at)) at++;
    if (at >= line.length) return found;
    const argument = readArgument(line, at);
    if (argument === undefined) return undefined;
    found.push(argument.text);
    at = argument.end;
  }
}

interface Argument {
  readonly text: ByteString;
  readonly end: number;
}

/** One argument: bare bytes up to a blank, in which a quote opens a quoted part that also ends the argument. */
function readArgument(line: ByteString, start: number): Argument | undefined {
  let at = start;
  while (at < line.length) {
    const byte = line[at] as string;
    if (BARE_END.test(byte)) break;
    if (byte === '"' || byte === "'") return readQuoted(line, at, line.slice(start, at));
    at++;
  }
  return { text: line.slice(start, at), end: at };
}

function readQuoted(line: ByteString, open: number, before: ByteString): Argument | undefined {
  const quote = line[open];
  const parts: string[] = [before];
  let at = open + 1;
  while (at < line.length) {
    const byte = line[at] as string;
    if (byte === quote) {
      const end = at + 1;
      return end === line.length || isBlank(line, end) ? { text: parts.join(""), end } : undefined;
    }
    const escape = byte === "\\" ? readEscape(line, at, quote === '"') : undefined;
    parts.push(escape?.text ?? byte);
    at = escape?.end ?? at + 1;
  }
  return undefined;
}

/** The escape that begins at `start`; undefined when the backslash there stands for itself. */
function readEscape(line: ByteString, start: number, doubleQuoted: boolean): Argument | undefined {
  const next = line[start + 1];
  if (next === undefined) return undefined;
  if (!doubleQuoted) return next === "'" ? { text: "'", end: start + 2 } : undefined;
  const hex = HEX_ESCAPE.exec(line.slice(start, start + 4));
  if (hex !== null) return { text: String.fromCharCode(Number.parseInt(hex[1] as string, 16)), end: start + 4 };
  return { text: ESCAPES[next] ?? next, end: start + 2 };
}

function isBlank(line: ByteString, at: number): boolean {
  return BLANK.test(line[at] as string);
}
