/*
 * Numbered requests (design, 3.9): a client that lost its connection may repeat a write under the same client id and
 * number, and gets the first answer instead of a second effect.
 *
 * In: the request of each proposed or replayed write. Out: the dot and version that it got.
 *
 * A client numbers its writes upwards and says with each below which number it has all answers: those are forgotten, and a
 * number below is refused. So the table holds what clients have outstanding, plus, for `requestRetentionMs`, clients that
 * went away. Beyond its bounds new numbered requests are refused rather than old ones forgotten too early. The table is
 * rebuilt from the log and from what checkpoints kept of it. That a condition failed is remembered
 * too, else a late copy could still write; but in memory alone: a restart ends the connections that copies travel on.
 */
import { requestClientsMax, requestRetentionMs, requestsMax } from "../shared/limits.ts";
import type { Version } from "../protocol/version.ts";
import type { RequestId } from "../protocol/write.ts";
import type { ByteString } from "../shared/bytes.ts";

export interface AnsweredRequest {
  readonly key: ByteString;
  /** What was written; after a restart without its value. Undefined when the condition failed. */
  readonly version: Version | undefined;
  /** What was judged or replaced, where the request asked; after a restart it is not known any more. */
  readonly judged?: Version | undefined;
  /** The proposal that must be durable before anybody is told. */
  readonly lsn: number;
}

export interface ClientRequests {
  answeredBelow: number;
  /** When its last request came, on the timer that no change of the wall clock moves; a restart counts as one. */
  usedMs: number;
  readonly requests: Map<number, AnsweredRequest>;
}

function emptyClient(timerMs: number): ClientRequests {
  return { answeredBelow: 0, usedMs: timerMs, requests: new Map<number, AnsweredRequest>() };
}

export class Requests {
  /** Least recently used first. */
  private readonly byClient = new Map<ByteString, ClientRequests>();
  size = 0;

  get full(): boolean {
    return this.size >= requestsMax || this.byClient.size >= requestClientsMax;
  }

  get clientCount(): number {
    return this.byClient.size;
  }

  /** The first answer; "forgotten" when the client said that it has it. */
  find(id: RequestId): AnsweredRequest | "forgotten" | undefined {
    const client = this.byClient.get(id.client);
    if (client === undefined) return undefined;
    return client.requests.get(id.number) ?? (id.number < client.answeredBelow ? "forgotten" : undefined);
  }

  add(id: RequestId, answer: AnsweredRequest, timerMs: number): void {
    const client = this.touch(id.client, id.answeredBelow, timerMs);
    if (client.requests.has(id.number)) return;
    client.requests.set(id.number, answer);
    this.size++;
  }

  /** The client is there, and has all answers below a number. */
  touch(id: ByteString, answeredBelow: number, timerMs: number): ClientRequests {
    const client = this.byClient.get(id) ?? emptyClient(timerMs);
    this.byClient.delete(id);
    this.byClient.set(id, client);
    client.usedMs = timerMs;
    if (answeredBelow <= client.answeredBelow) return client;
    client.answeredBelow = answeredBelow;
    for (const number of client.requests.keys()) {
      if (number < answeredBelow && client.requests.delete(number)) this.size--;
    }
    return client;
  }

  /** Forgets clients that have been silent for longer than the retention. */
  expire(timerMs: number): void {
    for (const [id, client] of this.byClient) {
      if (client.usedMs + requestRetentionMs > timerMs) break;
      this.byClient.delete(id);
      this.size -= client.requests.size;
    }
  }

  clients(): IterableIterator<[ByteString, ClientRequests]> {
    return this.byClient.entries();
  }
}
