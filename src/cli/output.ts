/*
 * Where a command prints to: results on standard output, everything else on standard error.
 */
export function printLine(text = ""): void {
  process.stdout.write(`${text}\n`);
}

export function printJson(value: unknown): void {
  printLine(JSON.stringify(value, null, 2));
}

export function printNote(text: string): void {
  process.stderr.write(`${text}\n`);
}
