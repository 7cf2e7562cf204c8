/*
 * What happened, as a hash (the same seed gives the same one, which is tested) and, when asked for, as lines to read.
 */
export class Trace {
  private a = 0x9e3779b9;
  private b = 0x85ebca6b;
  private readonly print: ((line: string) => void) | undefined;
  private readonly nowMs: () => number;

  constructor(nowMs: () => number, print: ((line: string) => void) | undefined) {
    this.nowMs = nowMs;
    this.print = print;
  }

  /** `words` is called only when somebody reads. */
  note(kind: string, x: number, y: number, words?: () => string): void {
    this.mix(kind.charCodeAt(0) * 256 + kind.length);
    this.mix(Math.floor(this.nowMs() * 1000) >>> 0);
    this.mix(x >>> 0);
    this.mix(Math.floor(y / 0x1_0000_0000) >>> 0);
    this.mix(y >>> 0);
    if (this.print === undefined) return;
    const at = this.nowMs().toFixed(2).padStart(10);
    this.print(`${at} ms  ${kind.padEnd(10)} ${words === undefined ? `${x} ${y}` : words()}`);
  }

  get hash(): string {
    return (this.a >>> 0).toString(16).padStart(8, "0") + (this.b >>> 0).toString(16).padStart(8, "0");
  }

  private mix(value: number): void {
    this.a = Math.imul(this.a ^ value, 0xcc9e2d51);
    this.a = (this.a << 15) | (this.a >>> 17);
    this.b = Math.imul(this.b + (this.a ^ value), 0x1b873593);
    this.b ^= this.b >>> 13;
  }
}
