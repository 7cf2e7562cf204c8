/*
 * The transactions of a recorded session: snapshots of a few of the shared keys, and writes of a few of them at once, now
 * and then together with a key of the session's own, which is written once and has to be found at the end.
 */
import { seenOf } from "./attempt.ts";
import type { Attempt } from "./attempt.ts";
import type { Client } from "../../client/client.ts";
import type { ClientContext } from "../../client/client-context.ts";
import type { TransactionWrite } from "../../client/options.ts";
import type { WriteResult } from "../../client/results.ts";
import type { WriteOutcome } from "../../history/format.ts";
import type { SessionRecorder } from "../../history/recorder.ts";
import type { Random } from "../../shared/random.ts";

const snapshotKeysMin = 2;
const snapshotKeysMax = 5;
const transactionKeysMin = 2;
const transactionKeysMax = 4;
/** How many of the writes are deletes, and how many transactions write a key of the session's own. */
const deleteChance = 0.15;
const ownChance = 0.1;

/** The session that the transactions are part of. */
export interface TransactionSession {
  readonly client: Client;
  readonly context: ClientContext;
  readonly recorder: SessionRecorder;
  readonly random: Random;
  readonly keys: readonly string[];
  nextValue(): string;
  attempt<T>(operation: () => Promise<T>): Promise<Attempt<T>>;
  outcomeOf(attempt: Attempt<WriteResult>): WriteOutcome;
  /** A key that nobody else writes got this value, and this became of it. */
  noteOwn(key: string, value: string, outcome: WriteOutcome): void;
}

export async function takeSnapshot(session: TransactionSession): Promise<void> {
  const { client, context, recorder } = session;
  const keys = someKeys(session, snapshotKeysMin, snapshotKeysMax);
  const seq = recorder.begin();
  const read = await session.attempt(() => client.getTransVersioned(keys, context));
  // A read without an answer says nothing.
  if ("error" in read) return;
  const entries = read.result.values.map((value, i) => ({ key: keys[i] as string, seen: seenOf(value) }));
  recorder.snapshot(seq, read.start, read.end, entries);
}

export async function writeTogether(session: TransactionSession): Promise<void> {
  const { client, context, recorder, random } = session;
  // One value for all of them: equal exactly where one transaction wrote them.
  const value = session.nextValue();
  const writes: { readonly key: string; readonly value: string | undefined }[] = someKeys(
    session,
    transactionKeysMin,
    transactionKeysMax,
  ).map((key) => ({ key, value: random.chance(deleteChance) ? undefined : value }));
  const own = random.chance(ownChance) ? `own-${value}` : undefined;
  if (own !== undefined) writes[writes.length - 1] = { key: own, value };
  const seq = recorder.begin();
  const written = await session.attempt(() => client.putTrans(writes.map(writeOf), context));
  const outcome = session.outcomeOf(written);
  recorder.transaction(seq, written.start, written.end, writes, outcome);
  if (own !== undefined) session.noteOwn(own, value, outcome);
}

function writeOf({ key, value }: { readonly key: string; readonly value: string | undefined }): TransactionWrite {
  return value === undefined ? { kind: "delete", key } : { kind: "put", key, value };
}

/** Different ones. */
function someKeys({ random, keys }: TransactionSession, min: number, max: number): string[] {
  const count = Math.min(keys.length, min + random.below(max - min + 1));
  const chosen = new Set<string>();
  while (chosen.size < count) chosen.add(random.pick(keys));
  return [...chosen];
}
