/*
 * The client library's face: the paper's four calls (section 4.3) on explicit contexts, and a default context for those
 * who have one thread of execution. docs/CLIENT.md tells how to use it and what it promises.
 *
 * Everything happens in client-core.ts; here arguments are checked and made bytes, and results made text again.
 */
import { toByteString } from "./byte-text.ts";
import type { BytesLike } from "./byte-text.ts";
import { ClientContext, threadOf } from "./client-context.ts";
import type { ClientCore } from "./client-core.ts";
import type { Condition, OpenedToken } from "./commands.ts";
import { ContextThread } from "./context-thread.ts";
import { InvalidArgumentError } from "./errors.ts";
import type { ClientError } from "./errors.ts";
import type { ClientFigures } from "./events.ts";
import { attachTimeoutMsDefault } from "./limits.ts";
import type { Call } from "./operations.ts";
import { ReadOperation, TokenOperation, WriteOperation } from "./operations.ts";
import { closeTimeoutOf, timeoutOf } from "./options.ts";
import type { CloseOptions, DeleteOptions, OperationOptions, PutOptions } from "./options.ts";
import type { VersionedValue, WriteResult } from "./results.ts";
import type { Topology } from "./topology.ts";
import { keyBytesMax, valueBytesMax } from "../shared/limits.ts";

const tokenBytesMax = 1024 * 1024;

export class Client {
  /** Used by every call that names no context. */
  readonly defaultContext: ClientContext;
  readonly #core: ClientCore;

  /** See `connect`. */
  constructor(core: ClientCore) {
    this.#core = core;
    this.defaultContext = new ClientContext(new ContextThread(core));
  }

  /** The topology as last told by a node. */
  get topology(): Topology {
    return this.#core.topology;
  }

  get figures(): ClientFigures {
    return this.#core.figures;
  }

  /** A new thread of execution, which has seen nothing yet. */
  createContext(): ClientContext {
    return new ClientContext(new ContextThread(this.#core));
  }

  /**
   * The context takes no further operations; those under way finish. A write of unknown outcome is abandoned.
   * False when it was deleted before. Throws InvalidArgumentError for the default context.
   */
  deleteContext(context: ClientContext): boolean {
    if (context === this.defaultContext) throw new InvalidArgumentError("context", "the default context stays");
    const thread = this.#threadOf(context);
    if (thread.deleted) return false;
    thread.deleted = true;
    thread.unknown?.abandon();
    return true;
  }

  /** The value as text, null if the key has none. */
  async get(key: BytesLike, context?: ClientContext, options?: OperationOptions): Promise<string | null> {
    return (await this.getVersioned(key, context, options)).text;
  }

  /** The value as bytes, null if the key has none. */
  async getBytes(key: BytesLike, context?: ClientContext, options?: OperationOptions): Promise<Uint8Array | null> {
    return (await this.getVersioned(key, context, options)).bytes;
  }

  /** The value with the version and dot of the write that was seen, tombstones included. */
  getVersioned(
    key: BytesLike,
    context: ClientContext = this.defaultContext,
    options: OperationOptions = {},
  ): Promise<VersionedValue> {
    return new Promise((resolve, reject) => {
      const thread = this.#threadOf(context);
      this.#core.assertMay(thread, false);
      const bytes = toByteString(key, "key", keyBytesMax);
      const call = this.#call(options, resolve, reject);
      this.#core.submit(thread, new ReadOperation(thread, call, bytes, this.#core.partitionOf(bytes)));
    });
  }

  /** put_after what the context has seen; the context then depends on this write alone. */
  put(
    key: BytesLike,
    value: BytesLike,
    context: ClientContext = this.defaultContext,
    options: PutOptions = {},
  ): Promise<WriteResult> {
    return this.#write(key, value, context, options);
  }

  /** Like a put of nothing: leaves a tombstone, with a version and a dot. */
  delete(
    key: BytesLike,
    context: ClientContext = this.defaultContext,
    options: DeleteOptions = {},
  ): Promise<WriteResult> {
    return this.#write(key, undefined, context, options);
  }

  /**
   * What the context has seen, as text that can be handed on: to another service, protocol or datacenter. Made when all
   * that was called before is answered.
   */
  token(context: ClientContext = this.defaultContext, options: OperationOptions = {}): Promise<string> {
    return new Promise((resolve, reject) => {
      const thread = this.#threadOf(context);
      this.#core.assertMay(thread, false);
      this.#core.submit(thread, new TokenOperation(thread, this.#call(options, resolve, reject)));
    });
  }

  /**
   * A new context that has seen what the token has: once that is applied in this datacenter, at most `timeoutMs` (5000)
   * from now.
   */
  attach(token: string, options: OperationOptions = {}): Promise<ClientContext> {
    return new Promise((resolve, reject) => {
      const timeoutMs = timeoutOf(options.timeoutMs, attachTimeoutMsDefault);
      const opened = (seen: OpenedToken): void => {
        const thread = new ContextThread(this.#core);
        thread.seen.merge(seen.dependencies, seen.floor);
        resolve(new ClientContext(thread));
      };
      const call: Call<OpenedToken> = { timeoutMs, signal: options.signal, resolve: opened, reject };
      this.#core.attach(toByteString(token, "token", tokenBytesMax), call);
    });
  }

  /**
   * Accepts nothing more, lets what was accepted finish (1000 ms at most, unless told otherwise), and ends. What has not
   * finished by then is rejected: with UnknownOutcomeError where a write was sent, else with ClientClosedError.
   */
  async close(options: CloseOptions = {}): Promise<void> {
    await this.#core.close(closeTimeoutOf(options.timeoutMs));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #write(
    key: BytesLike,
    value: BytesLike | undefined,
    context: ClientContext,
    options: PutOptions,
  ): Promise<WriteResult> {
    return new Promise((resolve, reject) => {
      const thread = this.#threadOf(context);
      this.#core.assertMay(thread, true);
      const bytes = toByteString(key, "key", keyBytesMax);
      const order = {
        key: bytes,
        value: value === undefined ? undefined : toByteString(value, "value", valueBytesMax),
        condition: conditionOf(options),
      };
      const call = this.#call(options, resolve, reject);
      const partition = this.#core.partitionOf(bytes);
      this.#core.submit(thread, new WriteOperation(thread, call, order, partition, undefined));
    });
  }

  #call<Result>(
    options: OperationOptions,
    resolve: (result: Result) => void,
    reject: (error: ClientError) => void,
  ): Call<Result> {
    const timeoutMs = timeoutOf(options.timeoutMs, this.#core.settings.timeoutMs);
    return { timeoutMs, signal: options.signal, resolve, reject };
  }

  #threadOf(context: ClientContext): ContextThread {
    if (!(context instanceof ClientContext)) throw new InvalidArgumentError("context", "not a context");
    const thread = threadOf(context);
    if (thread.host !== this.#core) throw new InvalidArgumentError("context", "made by another client");
    return thread;
  }
}

function conditionOf(options: PutOptions): Condition {
  const { ifAbsent = false, ifPresent = false } = options;
  if (ifAbsent && ifPresent) throw new InvalidArgumentError("ifAbsent", "excludes ifPresent");
  return ifAbsent ? "NX" : ifPresent ? "XX" : undefined;
}
