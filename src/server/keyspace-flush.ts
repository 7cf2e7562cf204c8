/*
 * Deletes one page of a partition's keys, on its owner: one step of FLUSHALL. The deletes are a session's, one after the
 * other: each depends on the one before, so what comes after the last of them comes after all of them, in every datacenter.
 * A key that somebody deletes meanwhile is left alone (the condition is judged in log order), and a key written again behind
 * the walk stays.
 */
import type { Failure } from "../core/failure.ts";
import type { OperationSink } from "../core/operations.ts";
import type { Dependencies } from "../protocol/dependencies.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import { conditionPresent } from "../protocol/messages/forward.ts";
import { effectDelete } from "../protocol/version.ts";
import type { Version } from "../protocol/version.ts";
import { invariant } from "../shared/assert.ts";
import type { ByteString } from "../shared/bytes.ts";
import type { KeyspaceWalk } from "./keyspace-walk.ts";
import { ReplyError } from "./resp/errors.ts";
import type { RespDriver } from "./resp/resp-driver.ts";

const keysPerPage = 1024;

/** What the session of the deletes had seen before, and has seen and done after. */
export interface SeenByFlush {
  readonly dependencies: Dependencies;
  readonly floor: HybridTime;
}

export interface FlushedPage {
  readonly deleted: number;
  /** Where to go on; `hashEnd` when the partition is through. */
  readonly next: number;
  readonly seen: SeenByFlush;
}

export async function flushPage(
  driver: RespDriver,
  walk: KeyspaceWalk,
  partition: number,
  from: number,
  seen: SeenByFlush,
): Promise<FlushedPage> {
  const page = await walk.page(partition, from, keysPerPage);
  driver.beginTurn();
  const session = driver.core.createSession();
  session.context.merge(seen.dependencies, seen.floor);
  const deletes = new Deletes();
  const deleted = await deletes.run(page.keys, (key, tag) => {
    session.write(
      {
        effect: effectDelete,
        key,
        value: "",
        expiry: 0,
        condition: conditionPresent,
        wantOld: false,
        request: undefined,
      },
      deletes,
      tag,
    );
  });
  const { context } = session;
  return { deleted, next: page.next, seen: { dependencies: context.dependencies(), floor: context.floor } };
}

class Deletes implements OperationSink {
  private remaining = 0;
  private deleted = 0;
  private failure: Failure | undefined;
  private done: () => void = () => undefined;

  async run(keys: readonly ByteString[], submit: (key: ByteString, tag: number) => void): Promise<number> {
    if (keys.length === 0) return 0;
    this.remaining = keys.length;
    await new Promise<void>((resolve) => {
      this.done = resolve;
      for (const [tag, key] of keys.entries()) submit(key, tag);
    });
    if (this.failure !== undefined) throw new ReplyError(`${this.failure.code} ${this.failure.message}`, true);
    return this.deleted;
  }

  writeDone(_tag: number, version: Version | undefined): void {
    if (version !== undefined) this.deleted++;
    this.oneDone();
  }

  failed(_tag: number, failure: Failure): void {
    this.failure ??= failure;
    this.oneDone();
  }

  readDone(): void {
    invariant(false, "a delete is not answered as a read");
  }

  reached(): void {
    invariant(false, "a delete is not answered as a barrier");
  }

  private oneDone(): void {
    if (--this.remaining === 0) this.done();
  }
}
