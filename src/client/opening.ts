/*
 * From the first dial until operations can be carried out.
 *
 *   dialling ──a node is ready──▶ settling ──each other node is ready or failed, or `settleMsMax`──▶ open
 *      `──nobody can be: the time is up, or every seed refused for good──▶ failed
 */
import { OperationAbortedError, TimeoutError } from "./errors.ts";
import type { ClientError } from "./errors.ts";
import { settleMsMax } from "./limits.ts";
import type { NodeLinks } from "./node-links.ts";
import { notSet } from "./timer-wheel.ts";
import type { Timed, TimerWheel } from "./timer-wheel.ts";
import type { Surroundings } from "./transport.ts";

interface OpeningHost {
  readonly links: NodeLinks;
  readonly wheel: TimerWheel;
  readonly time: Surroundings;
}

export class Opening implements Timed {
  tick = notSet;
  private state: "not begun" | "dialling" | "settling" | "over" = "not begun";
  private failures = 0;
  private lastError: ClientError | undefined;
  private readonly outcome = Promise.withResolvers<void>();
  private readonly host: OpeningHost;
  private readonly timeoutMs: number;

  constructor(host: OpeningHost, timeoutMs: number) {
    this.host = host;
    this.timeoutMs = timeoutMs;
  }

  async begin(signal: AbortSignal | undefined): Promise<void> {
    if (signal?.aborted === true) throw new OperationAbortedError("connect", signal.reason);
    const { links, wheel, time } = this.host;
    this.state = "dialling";
    wheel.set(this, time.nowMs() + this.timeoutMs);
    links.dialSeeds();
    const onAbort = (): void => this.fail(new OperationAbortedError("connect", signal?.reason));
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await this.outcome.promise;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  /** A link became ready, or failed with `error`. */
  check(error?: ClientError): void {
    if (this.state === "not begun" || this.state === "over") return;
    const { links, wheel, time } = this.host;
    if (error !== undefined) {
      this.failures++;
      this.lastError = error;
    }
    if (links.readyCount > 0 && this.state === "dialling") {
      this.state = "settling";
      wheel.set(this, time.nowMs() + settleMsMax);
    }
    if (this.state === "settling") {
      if (links.settled) this.succeed();
    } else if (links.settled && links.errors().every((each) => !each.retryable)) {
      // Nobody is there who will change his mind by himself.
      if (this.lastError !== undefined) this.fail(this.lastError);
    }
  }

  onDue(): void {
    if (this.state === "settling") this.succeed();
    else this.fail(new TimeoutError("connect", this.timeoutMs, this.failures, this.lastError));
  }

  private succeed(): void {
    this.state = "over";
    this.host.wheel.cancel(this);
    this.outcome.resolve();
  }

  private fail(error: ClientError): void {
    this.state = "over";
    this.host.wheel.cancel(this);
    this.outcome.reject(error);
  }
}
