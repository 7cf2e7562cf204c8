/*
 * The framing of what processes tell the master: `LENGTH-TEXT`, LENGTH in decimal and counted in bytes, one after the other.
 * Line ends between two texts are skipped, for people who type them.
 */
const textBytesMax = 64 * 1024 * 1024;
const lengthDigitsMax = 8;

export function frameText(text: string): string {
  return `${text.length}-${text}`;
}

/** The other end does not speak `LENGTH-TEXT`: nothing after it can be made sense of. */
export class FramingError extends Error {
  override readonly name = "FramingError";
  readonly code = "BADFRAMING";
  readonly retryable = false;
}

export class TextParser {
  private buffered: string[] = [];
  private bufferedBytes = 0;
  /** Bytes of the text under way; undefined while its length is being read. */
  private awaited: number | undefined;

  /** Answers the texts that `chunk` completes. Throws FramingError. */
  take(chunk: string): string[] {
    this.buffered.push(chunk);
    this.bufferedBytes += chunk.length;
    // Joined only when it completes something: a large text in small chunks must not be copied for each of them.
    if (this.awaited !== undefined && this.bufferedBytes < this.awaited) return [];
    const texts: string[] = [];
    let rest = this.buffered.join("");
    for (;;) {
      if (this.awaited === undefined) {
        rest = this.takeLength(rest.replace(/^[\r\n]+/, ""));
        if (this.awaited === undefined) break;
      }
      if (rest.length < this.awaited) break;
      texts.push(rest.slice(0, this.awaited));
      rest = rest.slice(this.awaited);
      this.awaited = undefined;
    }
    this.buffered = [rest];
    this.bufferedBytes = rest.length;
    return texts;
  }

  private takeLength(text: string): string {
    const dash = text.slice(0, lengthDigitsMax + 1).indexOf("-");
    const digits = dash < 0 ? text.slice(0, lengthDigitsMax + 1) : text.slice(0, dash);
    const wrong = !/^\d*$/.test(digits) || (dash < 0 ? digits.length > lengthDigitsMax : digits === "");
    if (wrong || Number(digits) > textBytesMax) throw new FramingError("what arrives is not LENGTH-TEXT");
    if (dash < 0) return text;
    this.awaited = Number(digits);
    return text.slice(dash + 1);
  }
}
