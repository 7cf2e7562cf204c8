/*
 * What every Transport must do: the port's promises, one test each (transport.ts). An adapter's test opens pairs of two
 * nodes and says how time passes; the suite starts them, talks through them and breaks them.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { allocBytes, bytesOf } from "../shared/bytes.ts";
import type { Bytes } from "../shared/bytes.ts";
import type { ResettableTransport } from "./resettable-transport.ts";
import type { NodeId, TransportEvents } from "./transport.ts";

/** Two nodes that know each other and have not started. */
export interface TransportPair {
  readonly ids: readonly [NodeId, NodeId];
  readonly transports: readonly [ResettableTransport, ResettableTransport];
  /** The bound on what one link may queue. */
  readonly queueBytesMax: number;
  /** The largest frame that the suite sends. */
  readonly frameBytesMax: number;
  /** Lets time pass until the condition holds; rejects when it never does. */
  until(condition: () => boolean): Promise<void>;
  /** Breaks the connection under both ends, as a network would. */
  sever(): void;
  dispose(): Promise<void>;
}

/** Records what a transport reports, and that it never does so from inside `send`. */
class Recorder implements TransportEvents {
  readonly log: string[] = [];
  readonly frames: string[] = [];
  up = false;
  sending = false;
  insideSend = 0;

  onUp(peer: NodeId): void {
    this.#note(`up ${peer}`);
    this.up = true;
  }

  onFrame(_peer: NodeId, frame: Bytes): void {
    if (this.sending) this.insideSend++;
    // A copy: the frame is valid only during the call.
    this.frames.push(frame.latin1Slice(0, frame.length));
  }

  onDown(peer: NodeId, why: string): void {
    this.#note(`down ${peer} ${why.split(" ")[0]}`);
    this.up = false;
  }

  #note(line: string): void {
    if (this.sending) this.insideSend++;
    this.log.push(line);
  }
}

/** A frame's content that tells its number and length, so that cut, mixed or repeated frames show. */
function contentOf(number: number, length: number): string {
  const head = `${number}:${length}:`;
  return head + String.fromCharCode(33 + (number % 90)).repeat(Math.max(0, length - head.length));
}

export function describeTransport(name: string, open: () => Promise<TransportPair>): void {
  describe(`${name} keeps the Transport port`, () => {
    let pair: TransportPair;
    let recorders: [Recorder, Recorder];

    beforeEach(async () => {
      pair = await open();
      recorders = [new Recorder(), new Recorder()];
    });
    afterEach(async () => pair.dispose());

    const start = async (): Promise<void> => {
      // The greater id first: where it listens is known before the smaller one dials.
      await pair.transports[1].start(recorders[1]);
      await pair.transports[0].start(recorders[0]);
    };
    const bothUp = async (): Promise<void> => pair.until(() => recorders[0].up && recorders[1].up);
    const send = (from: 0 | 1, content: string): boolean => {
      const frame = bytesOf(content);
      recorders[from].sending = true;
      const accepted = pair.transports[from].send(pair.ids[1 - from] as NodeId, frame, frame.length);
      recorders[from].sending = false;
      frame.fill(0);
      return accepted;
    };
    const received = async (at: 0 | 1, count: number): Promise<void> =>
      pair.until(() => recorders[at].frames.length >= count);

    it("reports a link once on both sides", async () => {
      await start();
      await bothUp();
      expect(recorders[0].log).toEqual([`up ${pair.ids[1]}`]);
      expect(recorders[1].log).toEqual([`up ${pair.ids[0]}`]);
    });

    it("refuses frames while the link is down and for a node that it does not know", async () => {
      await start();
      expect(send(0, "too early")).toBe(false);
      await bothUp();
      const stranger = 0xfffe;
      expect(pair.transports[0].send(stranger, bytesOf("x"), 1)).toBe(false);
      expect(pair.transports[0].queuedBytes(stranger)).toBe(0);
      expect(send(0, "now")).toBe(true);
      await received(1, 1);
      expect(recorders[1].frames).toEqual(["now"]);
    });

    it("delivers whole frames in order, both ways at once", async () => {
      await start();
      await bothUp();
      const sent: [string[], string[]] = [[], []];
      for (let round = 0; round < 20; round++) {
        for (let i = 0; i < 25; i++) {
          const number = round * 25 + i;
          for (const from of [0, 1] as const) {
            const content = contentOf(number, 1 + ((number * 7919) % 3000));
            expect(send(from, content)).toBe(true);
            sent[from].push(content);
          }
        }
        await received(1, sent[0].length);
      }
      await received(0, sent[1].length);
      expect(recorders[1].frames).toEqual(sent[0]);
      expect(recorders[0].frames).toEqual(sent[1]);
    });

    it("copies frame[0, length) and nothing else", async () => {
      await start();
      await bothUp();
      const frame = bytesOf("only this, not that");
      expect(pair.transports[0].send(pair.ids[1], frame, 9)).toBe(true);
      frame.fill(0);
      await received(1, 1);
      expect(recorders[1].frames).toEqual(["only this"]);
    });

    it("delivers large frames among small ones", async () => {
      await start();
      await bothUp();
      const sent = [1, pair.frameBytesMax, 2, 65_528, 65_529, pair.frameBytesMax - 1, 3].map((length, i) =>
        contentOf(i, length),
      );
      for (const content of sent) expect(send(0, content)).toBe(true);
      await received(1, sent.length);
      expect(recorders[1].frames.map((frame) => frame.length)).toEqual(sent.map((content) => content.length));
      expect(recorders[1].frames.every((frame, i) => frame === sent[i])).toBe(true);
    });

    it("counts what it has accepted until it is handed over", async () => {
      await start();
      await bothUp();
      expect(send(0, contentOf(0, 1000))).toBe(true);
      expect(pair.transports[0].queuedBytes(pair.ids[1])).toBeGreaterThanOrEqual(1000);
      await received(1, 1);
      await pair.until(() => pair.transports[0].queuedBytes(pair.ids[1]) === 0);
      const [sender] = pair.transports[0].links();
      const [receiver] = pair.transports[1].links();
      expect(sender).toMatchObject({ peer: pair.ids[1], up: true, sentFrames: 1, sentBytes: 1000, receivedFrames: 0 });
      expect(receiver).toMatchObject({ peer: pair.ids[0], up: true, receivedFrames: 1, receivedBytes: 1000 });
      expect(sender?.lastError).toBeUndefined();
    });

    it("resets a link whose queue is full, and brings it up again", async () => {
      await start();
      await bothUp();
      const frame = allocBytes(pair.frameBytesMax);
      frame.fill(7);
      let accepted = 0;
      recorders[0].sending = true;
      while (pair.transports[0].send(pair.ids[1], frame, frame.length)) accepted++;
      expect(accepted * frame.length).toBeLessThanOrEqual(pair.queueBytesMax);
      expect(accepted).toBeGreaterThan(0);
      expect(pair.transports[0].send(pair.ids[1], frame, 1)).toBe(false);
      recorders[0].sending = false;
      await pair.until(() => recorders[0].log.length >= 3 && recorders[1].log.length >= 3);
      await bothUp();
      expect(recorders[0].log[1]).toBe(`down ${pair.ids[1]} QUEUE_FULL`);
      expect(recorders[1].log[1]).toMatch(/^down/);
      const before = recorders[1].frames.length;
      expect(send(0, "after")).toBe(true);
      await received(1, before + 1);
      expect(recorders[1].frames.at(-1)).toBe("after");
    });

    for (const how of ["severed", "reset"] as const) {
      it(`reports a link that is ${how} on both sides, then connects anew and repeats no frame`, async () => {
        await start();
        await bothUp();
        for (let i = 0; i < 50; i++) expect(send(0, contentOf(i, 100))).toBe(true);
        if (how === "severed") pair.sever();
        else pair.transports[0].reset(pair.ids[1], "on purpose");
        await pair.until(() => recorders[0].log.length >= 3 && recorders[1].log.length >= 3);
        await bothUp();
        for (const recorder of recorders) {
          expect(recorder.log.map((line) => line.split(" ")[0])).toEqual(["up", "down", "up"]);
        }
        expect(send(0, "last")).toBe(true);
        await pair.until(() => recorders[1].frames.at(-1) === "last");
        // Some may be lost, from one place on; none is repeated or out of order.
        const early = recorders[1].frames.slice(0, -1);
        expect(early).toEqual(early.map((_, i) => contentOf(i, 100)));
      });
    }

    it("tells the other side when it closes, hands over what was queued, and reports nothing any more", async () => {
      await start();
      await bothUp();
      for (let i = 0; i < 20; i++) expect(send(0, contentOf(i, 100))).toBe(true);
      const closing = pair.transports[0].close();
      await pair.until(() => recorders[1].log.length >= 2);
      await closing;
      expect(recorders[1].frames).toEqual(Array.from({ length: 20 }, (_, i) => contentOf(i, 100)));
      expect(recorders[1].log).toHaveLength(2);
      expect(recorders[1].log[1]).toMatch(/^down/);
      expect(recorders[0].log).toEqual([`up ${pair.ids[1]}`]);
      expect(send(0, "closed")).toBe(false);
      expect(pair.transports[1].links()[0]).toMatchObject({ up: false });
    });

    it("reports nothing from inside send", async () => {
      await start();
      await bothUp();
      for (let i = 0; i < 100; i++) send(i % 2 === 0 ? 0 : 1, contentOf(i, 2000));
      await received(1, 50);
      await received(0, 50);
      expect(recorders[0].insideSend + recorders[1].insideSend).toBe(0);
    });
  });
}
