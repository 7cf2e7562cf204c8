/*
 * What a tool has to say to people goes to standard error, a line each with who says it; standard output belongs to the
 * scenario's results. Foreign text is cut short and has its control characters removed.
 */
const quotedCharactersMax = 80;

export type Note = (message: string) => void;

export function noteAs(who: string): Note {
  return (message) => process.stderr.write(`${who}: ${message}\n`);
}

export function quoted(text: string): string {
  const short = text.length > quotedCharactersMax ? `${text.slice(0, quotedCharactersMax)}...` : text;
  return `"${short.replace(/[^ -~]/g, "?")}"`;
}
