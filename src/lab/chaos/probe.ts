/*
 * Asks one datacenter for a key every little while, whether or not it was answered before. Sessions cannot tell how long a
 * datacenter answered nothing: each of them soon waits for a key of the one node that is down.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Felt } from "./felt.ts";
import type { Client } from "../../client/client.ts";
import { ClientError } from "../../client/errors.ts";

const everyMs = 100;
const answerMsMax = 1_000;

/** Until `isOver` says so; at most ten questions are without an answer. */
export async function probe(client: Client, keys: readonly string[], felt: Felt, isOver: () => boolean): Promise<void> {
  const asked = new Set<Promise<void>>();
  for (let i = 0; !isOver(); i++) {
    const key = keys[i % keys.length] as string;
    const question: Promise<void> = ask(client, key, felt).finally(() => asked.delete(question));
    asked.add(question);
    await sleep(everyMs);
  }
  await Promise.all(asked);
}

async function ask(client: Client, key: string, felt: Felt): Promise<void> {
  const context = client.createContext();
  try {
    await client.getVersioned(key, context, { timeoutMs: answerMsMax });
    felt.answered(performance.now());
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
  } finally {
    client.deleteContext(context);
  }
}
