/*
 * Being asked to stop: by a signal, by the terminal that goes away, or by the end of the parent that runs us. The first
 * resolves `asked`; `onImpatient` is called at every further one, for whoever does not want to wait.
 */
const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export class StopSignals {
  /** Why to stop, for people. */
  readonly asked: Promise<string>;
  onImpatient: () => void = () => undefined;
  readonly #asked = Promise.withResolvers<string>();
  readonly #handlers = new Map<string, () => void>();
  #count = 0;

  constructor(options: { readonly withParent: boolean }) {
    this.asked = this.#asked.promise;
    const events = options.withParent && process.connected ? [...signals, "disconnect"] : signals;
    for (const event of events) {
      const handler = (): void => this.#onEvent(event === "disconnect" ? "the parent process has gone" : event);
      this.#handlers.set(event, handler);
      process.on(event, handler);
    }
  }

  get wasAsked(): boolean {
    return this.#count > 0;
  }

  /** Back to what signals do by themselves. */
  dispose(): void {
    for (const [event, handler] of this.#handlers) process.off(event, handler);
  }

  #onEvent(why: string): void {
    this.#count++;
    if (this.#count > 1) this.onImpatient();
    else this.#asked.resolve(why);
  }
}
