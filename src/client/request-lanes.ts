/*
 * The numbers under which writes may be repeated (design, 3.9).
 *
 * A lane is a client id with its counter, on which one write at a time is outstanding: its number is then also the lowest
 * one that is not answered, so each write tells its owner to forget all that the lane did before. What nodes remember of a
 * client is therefore one number a lane, and a write of unknown fate, which may stay so for minutes, holds back nobody
 * else's. Lanes are used last in, first out, so there are as many as writes were ever outstanding at once.
 *
 * Invariant: no two writes ever share (client, number).
 */
import type { RequestId } from "../protocol/write.ts";
import type { ByteString } from "../shared/bytes.ts";

export class RequestLane {
  private readonly client: ByteString;
  private number = 0;

  constructor(client: ByteString) {
    this.client = client;
  }

  /** For a new write; the one before is answered or given up. */
  next(): RequestId {
    this.number++;
    return { client: this.client, number: this.number, answeredBelow: this.number };
  }
}

export class RequestLanes {
  private readonly free: RequestLane[] = [];
  private readonly clientId: ByteString;
  private made = 0;

  /** `clientId` is unique to this client. */
  constructor(clientId: ByteString) {
    this.clientId = clientId;
  }

  take(): RequestLane {
    return this.free.pop() ?? new RequestLane(`${this.clientId}-${++this.made}`);
  }

  /** The lane's last write is answered or given up. */
  giveBack(lane: RequestLane): void {
    this.free.push(lane);
  }
}
