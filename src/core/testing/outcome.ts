/*
 * How one operation of a story ends: a sink that remembers, and insists on being told exactly once.
 */
import type { Failure, FailureCode } from "../failure.ts";
import type { OperationSink } from "../operations.ts";
import { invariant } from "../../shared/assert.ts";
import type { ByteString } from "../../shared/bytes.ts";
import { formatDot, originOf } from "../../protocol/version.ts";
import type { Version } from "../../protocol/version.ts";

export class Outcome implements OperationSink {
  state: "waiting" | "read" | "written" | "reached" | "failed" = "waiting";
  /** What was read, or written; undefined for a key never written, and for a condition that failed. */
  version: Version | undefined;
  old: Version | undefined;
  failure: FailureCode | undefined;
  private readonly whenTold: (outcome: Outcome) => void;

  constructor(whenTold: (outcome: Outcome) => void = () => undefined) {
    this.whenTold = whenTold;
  }

  get done(): boolean {
    return this.state !== "waiting";
  }

  /** What a reader gets: undefined for nothing, be it never written or deleted. */
  get value(): ByteString | undefined {
    return this.version?.deleted === true ? undefined : this.version?.value;
  }

  /** `datacenter/partition/seq` of what was read or written. */
  get dot(): string | undefined {
    return this.version === undefined ? undefined : dotOf(this.version);
  }

  readDone(_tag: number, version: Version | undefined): void {
    this.version = version;
    this.told("read");
  }

  writeDone(_tag: number, version: Version | undefined, old: Version | undefined): void {
    this.version = version;
    this.old = old;
    this.told("written");
  }

  reached(): void {
    this.told("reached");
  }

  failed(_tag: number, failure: Failure): void {
    this.failure = failure.code;
    this.told("failed");
  }

  private told(state: Outcome["state"]): void {
    invariant(this.state === "waiting", `an operation ends once: it was ${this.state}, now it is ${state}`);
    this.state = state;
    this.whenTold(this);
  }
}

export function dotOf(version: Pick<Version, "datacenter" | "partition" | "seq">): string {
  return formatDot(originOf(version.datacenter, version.partition), version.seq);
}
