/*
 * Writes at a steady rate: one connection to each node, SETs of distinct keys sent in small batches every few milliseconds,
 * answers counted. What is not answered is bounded: a node that falls behind slows its connection down, and the rate that
 * was really reached is what is reported.
 */
import { connect } from "node:net";
import type { Socket } from "node:net";

const intervalMs = 5;
const unansweredMax = 20_000;

class Writer {
  answered = 0;
  private sent = 0;
  private debt = 0;
  private readonly socket: Socket;
  private readonly value: string;
  private readonly prefix: string;

  constructor(socket: Socket, prefix: string, valueBytes: number) {
    this.socket = socket;
    this.prefix = prefix;
    this.value = "x".repeat(valueBytes);
    socket.on("data", (chunk: Buffer) => {
      for (const byte of chunk) if (byte === 10) this.answered++;
    });
  }

  send(perSecond: number, elapsedMs: number): void {
    this.debt += (perSecond * elapsedMs) / 1000;
    const count = Math.min(Math.floor(this.debt), unansweredMax - (this.sent - this.answered));
    this.debt = Math.min(this.debt - count, perSecond / 10);
    let batch = "";
    for (let i = 0; i < count; i++) {
      const key = `${this.prefix}:${this.sent++ % 100_000}`;
      batch += `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${this.value.length}\r\n${this.value}\r\n`;
    }
    if (batch !== "") this.socket.write(batch, "latin1");
  }
}

/** Runs for `seconds` at `perSecond` writes in all; answers the rate that was reached. `onSecond` is called every second. */
export async function writeSteadily(
  ports: readonly number[],
  perSecond: number,
  seconds: number,
  onSecond: () => Promise<void>,
): Promise<number> {
  const sockets = ports.map((port) => connect({ port, host: "127.0.0.1", noDelay: true }));
  const writers = sockets.map((socket, i) => new Writer(socket, `k${i}`, 100));
  const begun = performance.now();
  let last = begun;
  let sampling: Promise<void> = Promise.resolve();
  let nextSample = begun + 1000;
  await new Promise<void>((resolve, reject) => {
    for (const socket of sockets) socket.on("error", reject);
    const timer = setInterval(() => {
      const now = performance.now();
      for (const writer of writers) writer.send(perSecond / writers.length, now - last);
      last = now;
      if (now >= nextSample) {
        nextSample += 1000;
        sampling = sampling.then(onSecond);
      }
      if (now < begun + seconds * 1000) return;
      clearInterval(timer);
      resolve();
    }, intervalMs);
  });
  const answered = writers.reduce((sum, writer) => sum + writer.answered, 0);
  const elapsedSeconds = (performance.now() - begun) / 1000;
  await sampling;
  for (const socket of sockets) socket.destroy();
  return answered / elapsedSeconds;
}
