/*
 * What every datacenter holds at the end: read again and again, until all show the same and show it twice, time is up, or it
 * is hopeless.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { seenOf } from "./attempt.ts";
import type { Client } from "../../client/client.ts";
import { ClientError } from "../../client/errors.ts";
import type { Seen } from "../../history/format.ts";

const pollMs = 500;
const readsAtOnce = 64;

export interface FinalStates {
  readonly converged: boolean;
  /** By datacenter, in the order of the keys; undefined where a datacenter did not answer to the last. */
  readonly states: readonly (readonly Seen[] | undefined)[];
  readonly tookMs: number;
}

export async function finalStates(
  clients: readonly Client[],
  keys: readonly string[],
  msMax: number,
  isHopeless: () => boolean,
): Promise<FinalStates> {
  const began = performance.now();
  let before = "";
  for (;;) {
    const states = await Promise.all(clients.map((client) => stateOf(client, keys)));
    const texts = new Set(states.map((state) => JSON.stringify(state)));
    const [text = ""] = texts;
    // Twice the same: nothing was on its way between the reads of two keys.
    const converged = texts.size === 1 && text === before && states.every((state) => state !== undefined);
    const tookMs = performance.now() - began;
    if (converged || tookMs > msMax || isHopeless()) return { converged, states, tookMs };
    before = texts.size === 1 ? text : "";
    await sleep(pollMs);
  }
}

async function stateOf(client: Client, keys: readonly string[]): Promise<Seen[] | undefined> {
  const context = client.createContext();
  const seen: Seen[] = [];
  try {
    for (let i = 0; i < keys.length; i += readsAtOnce) {
      const values = await Promise.all(keys.slice(i, i + readsAtOnce).map((key) => client.getVersioned(key, context)));
      seen.push(...values.map((value) => seenOf(value)));
    }
    return seen;
  } catch (error) {
    if (error instanceof ClientError) return undefined;
    throw error;
  } finally {
    client.deleteContext(context);
  }
}
