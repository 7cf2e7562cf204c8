/*
 * The client library's face: the paper's calls (sections 4.1 to 4.3, 4.6) on explicit contexts, and a default context for
 * those who have one thread of execution. docs/CLIENT.md tells how to use it and what it promises.
 *
 * Everything happens in client-core.ts; here arguments are checked and made bytes, and results made text again.
 */
import type { OpenedToken } from "./answers.ts";
import { toByteString } from "./byte-text.ts";
import type { BytesLike } from "./byte-text.ts";
import { ClientContext, threadOf } from "./client-context.ts";
import type { ClientCore } from "./client-core.ts";
import type { KeyWrite, WriteOrder } from "./commands.ts";
import { ContextThread } from "./context-thread.ts";
import { InvalidArgumentError } from "./errors.ts";
import type { ClientError } from "./errors.ts";
import type { ClientFigures } from "./events.ts";
import { attachTimeoutMsDefault } from "./limits.ts";
import type { Call } from "./operations.ts";
import { ReadOperation, SnapshotOperation, TokenOperation, WriteOperation, writesOf } from "./operations.ts";
import { closeTimeoutOf, timeoutOf } from "./options.ts";
import type { CloseOptions, DeleteOptions, OperationOptions, PutOptions, TransactionWrite } from "./options.ts";
import { deleteOrder, keyOf, keysOf, putOrder, transactionOrder } from "./orders.ts";
import type { Snapshot, VersionedValue, WriteResult } from "./results.ts";
import type { Topology } from "./topology.ts";

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
      const bytes = keyOf(key);
      const call = this.#call(options, resolve, reject);
      this.#core.submit(thread, new ReadOperation(thread, call, bytes, this.#core.partitionOf(bytes)));
    });
  }

  /**
   * get_trans: the values of all keys as they were together at one moment, as texts in the order of the keys. No value is
   * without what it depends on, as far as that is among the keys; and of a transaction it shows all or nothing.
   */
  async getTrans<const Keys extends readonly BytesLike[]>(
    keys: Keys,
    context?: ClientContext,
    options?: OperationOptions,
  ): Promise<{ -readonly [Index in keyof Keys]: string | null }> {
    const { values } = await this.getTransVersioned(keys, context, options);
    // One for each key, in their order: see getTransVersioned.
    return values.map(({ text }) => text) as { -readonly [Index in keyof Keys]: string | null };
  }

  /** The same with versions, dots and bytes, and the moment itself. */
  getTransVersioned(
    keys: readonly BytesLike[],
    context: ClientContext = this.defaultContext,
    options: OperationOptions = {},
  ): Promise<Snapshot> {
    return new Promise((resolve, reject) => {
      const thread = this.#threadOf(context);
      this.#core.assertMay(thread, false);
      const order = keysOf(keys);
      const inOrder = ({ time, values }: Snapshot): void => {
        resolve({ time, values: order.places.map((place) => values[place] as VersionedValue) });
      };
      const call = this.#call(options, inOrder, reject);
      const partition = this.#core.partitionOfMost(order.keys);
      this.#core.submit(thread, new SnapshotOperation(thread, call, order.keys, partition));
    });
  }

  /** put_after what the context has seen; the context then depends on this write alone. */
  put(
    key: BytesLike,
    value: BytesLike,
    context: ClientContext = this.defaultContext,
    options: PutOptions = {},
  ): Promise<WriteResult> {
    return this.#write(() => putOrder(key, value, options, this.#core.time.unixMs()), context, options);
  }

  /** Like a put of nothing: leaves a tombstone, with a version and a dot. */
  delete(
    key: BytesLike,
    context: ClientContext = this.defaultContext,
    options: DeleteOptions = {},
  ): Promise<WriteResult> {
    return this.#write(() => deleteOrder(key, options), context, options);
  }

  /**
   * put_trans: all of these writes or none, in every datacenter, after what the context has seen; the context then depends
   * on the transaction alone. Keys must differ.
   */
  putTrans(
    writes: readonly TransactionWrite[],
    context: ClientContext = this.defaultContext,
    options: OperationOptions = {},
  ): Promise<WriteResult> {
    return this.#write(() => transactionOrder(writes, this.#core.time.unixMs()), context, options);
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

  #write(orderOf: () => WriteOrder, context: ClientContext, options: OperationOptions): Promise<WriteResult> {
    return new Promise((resolve, reject) => {
      const thread = this.#threadOf(context);
      this.#core.assertMay(thread, true);
      const order = orderOf();
      const call = this.#call(options, resolve, reject);
      // A transaction goes to the owner of its first key.
      const partition = this.#core.partitionOf((writesOf(order)[0] as KeyWrite).key);
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
