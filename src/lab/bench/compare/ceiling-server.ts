/*
 * The ceilings that `npm run bench -- compare` measures beside the real servers: the least that a Node.js process can do to
 * answer GET and SET over RESP, and so the most that any server written in it could reach.
 *
 *   node ceiling-server.ts PORT          a loop over a Map: parse, look up or set, answer
 *   node ceiling-server.ts PORT DIR      the same, but SET is answered when its value is in a synced log (group commit)
 *
 * It understands only what redis-benchmark sends for GET and SET, whole, and has no sessions, limits or error paths.
 */
import { constants, openSync, write, writeSync } from "node:fs";
import { createServer } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";

const port = Number(process.argv[2]);
const logDirectory = process.argv[3];
const values = new Map<string, string>();
const ok = Buffer.from("+OK\r\n");
const nothing = Buffer.from("$-1\r\n");
const emptyArray = Buffer.from("*0\r\n");
const outBytes = 1 << 20;
const segmentBytes = 64 << 20;

interface Client {
  readonly socket: Socket;
  out: Buffer;
  length: number;
  rest: Buffer | undefined;
  /** Where each answer of a SET that waits for the log goes. */
  waiting: number;
}

const dirty = new Set<Client>();
let flushDue = false;

function flush(): void {
  flushDue = false;
  if (logDirectory === undefined || frameLength === 0) flushClients();
  else if (!appending) appendFrame();
}

function flushClients(): void {
  for (const client of dirty) {
    if (client.length > 0) {
      client.socket.write(Buffer.from(client.out.subarray(0, client.length)));
      client.length = 0;
    }
  }
  dirty.clear();
}

let frame = Buffer.allocUnsafe(8 << 20);
let spare = Buffer.allocUnsafe(8 << 20);
let frameLength = 0;
let frameClients: Client[] = [];
let appending = false;
let position = 0;
const file = logDirectory === undefined ? -1 : openLog(logDirectory);

function openLog(directory: string): number {
  const path = join(directory, "ceiling.log");
  const zeros = openSync(path, "w");
  const block = Buffer.alloc(1 << 20);
  for (let at = 0; at < segmentBytes; at += block.length) writeSync(zeros, block, 0, block.length, at);
  return openSync(path, constants.O_WRONLY | constants.O_DSYNC);
}

function appendFrame(): void {
  const bytes = frame;
  const length = frameLength;
  const clients = frameClients;
  frame = spare;
  spare = bytes;
  frameLength = 0;
  frameClients = [];
  appending = true;
  if (position + length > segmentBytes) position = 0;
  write(file, bytes, 0, length, position, (error) => {
    if (error !== null) throw error;
    position += length;
    appending = false;
    for (const client of clients) {
      answer(client, ok);
      client.waiting--;
    }
    flushClients();
    if (frameLength > 0) appendFrame();
  });
}

function log(client: Client, key: string, value: string): void {
  const size = 8 + key.length + value.length;
  if (frameLength + size > frame.length) throw new Error("frame full");
  frame.writeUInt32LE(key.length, frameLength);
  frame.writeUInt32LE(value.length, frameLength + 4);
  frame.write(key, frameLength + 8, "latin1");
  frame.write(value, frameLength + 8 + key.length, "latin1");
  frameLength += size;
  frameClients.push(client);
  client.waiting++;
}

function answer(client: Client, bytes: Buffer): void {
  bytes.copy(client.out, client.length);
  client.length += bytes.length;
  dirty.add(client);
}

function answerValue(client: Client, value: string): void {
  const { out } = client;
  let at = client.length;
  at += out.write(`$${value.length}\r\n`, at, "latin1");
  at += out.write(value, at, "latin1");
  out[at++] = 13;
  out[at++] = 10;
  client.length = at;
  dirty.add(client);
}

let cursor = 0;
function readNumber(bytes: Buffer): number {
  let number = 0;
  for (let byte = bytes[++cursor] as number; byte !== 13; byte = bytes[++cursor] as number) {
    if (Number.isNaN(byte) || cursor >= bytes.length) return -1;
    number = number * 10 + byte - 48;
  }
  cursor += 2;
  return number;
}

const args: string[] = [];

/** Answers where the next command begins; -1 when it is not all there. */
function command(client: Client, bytes: Buffer, start: number): number {
  cursor = start;
  const count = readNumber(bytes);
  if (count < 0) return -1;
  args.length = 0;
  for (let i = 0; i < count; i++) {
    if (cursor >= bytes.length) return -1;
    const length = readNumber(bytes);
    if (length < 0 || cursor + length + 2 > bytes.length) return -1;
    args.push(bytes.toString("latin1", cursor, cursor + length));
    cursor += length + 2;
  }
  const [name, key = "", value = ""] = args;
  if (name === "GET") {
    const found = values.get(key);
    if (found === undefined) answer(client, nothing);
    else answerValue(client, found);
  } else if (name === "SET") {
    values.set(key, value);
    if (logDirectory === undefined) answer(client, ok);
    else log(client, key, value);
  } else answer(client, emptyArray);
  return cursor;
}

function onData(client: Client, chunk: Buffer): void {
  const bytes = client.rest === undefined ? chunk : Buffer.concat([client.rest, chunk]);
  client.rest = undefined;
  let at = 0;
  while (at < bytes.length) {
    const next = command(client, bytes, at);
    if (next < 0) {
      client.rest = bytes.subarray(at);
      break;
    }
    at = next;
  }
  if (flushDue) return;
  flushDue = true;
  setImmediate(flush);
}

createServer({ noDelay: true }, (socket) => {
  const client: Client = { socket, out: Buffer.allocUnsafe(outBytes), length: 0, rest: undefined, waiting: 0 };
  socket.on("data", (chunk: Buffer) => onData(client, chunk));
  socket.on("error", () => socket.destroy());
}).listen(port, "127.0.0.1", () => process.stdout.write("ready\n"));
