/*
 * How many bytes a text takes in UTF-8, without encoding it: a bulk header comes before its body.
 * A lone surrogate counts as U+FFFD (three bytes), which is what writing it yields.
 */

export function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else if (isPair(text, i)) {
      bytes += 2; // four bytes for two units
      i++;
    } else bytes += 2;
  }
  return bytes;
}

function isPair(text: string, i: number): boolean {
  const first = text.charCodeAt(i);
  if (first < 0xd800 || first > 0xdbff) return false;
  const second = text.charCodeAt(i + 1);
  return second >= 0xdc00 && second <= 0xdfff;
}
