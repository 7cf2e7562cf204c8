/*
 * One client of this datacenter: a session that this server hosts (design, 3.4: the paper's client library). The client
 * passes on the master's lines and gets back the texts for it:
 *
 *   put KEY VALUE PUTID ──▶ putResult success            get KEY ──▶ getResult KEY VALUE, or getResult KEY nil
 *   anything that could not be done ──▶ failed CODE WORDS
 *
 * One operation at a time, in order. A put is answered once the clock has passed the time of its write: so whatever anybody
 * on this machine puts after the answer is later in the order of last-writer-wins, as a scenario's author expects.
 */
import type { LineSocket } from "./line-socket.ts";
import { wordsOf } from "./line-socket.ts";
import { quoted } from "./note.ts";
import { putIdBytesMax, requestOfPut } from "./put-ids.ts";
import type { ServerId } from "./names.ts";
import type { Failure } from "../../core/failure.ts";
import type { OperationSink } from "../../core/operations.ts";
import type { Session } from "../../core/session.ts";
import { unixMsOfHybridTime } from "../../protocol/hybrid-time.ts";
import { conditionNone } from "../../protocol/messages/forward.ts";
import { effectAssign } from "../../protocol/version.ts";
import type { Version } from "../../protocol/version.ts";
import { keyBytesMax, valueBytesMax } from "../../shared/limits.ts";
import type { NodeDriver } from "../../server/node-driver.ts";
import { InvariantError } from "../../shared/assert.ts";

const queuedLinesMax = 1_000;

export class HostedSession implements OperationSink {
  private readonly lines: LineSocket;
  private readonly driver: NodeDriver;
  private readonly session: Session;
  private readonly name: string;
  private readonly queue: string[] = [];
  private held = true;
  private busy = false;
  private puts = 0;
  private getKey = "";
  private answerDelay: NodeJS.Timeout | undefined;

  constructor(lines: LineSocket, driver: NodeDriver, server: ServerId) {
    this.lines = lines;
    this.driver = driver;
    this.session = driver.core.createSession();
    this.name = `${server}.${this.session.id}`;
    lines.onLine = (line) => this.take(line);
  }

  /** Operations go on from here; until then they wait. */
  release(): void {
    this.held = false;
    this.next();
  }

  close(): void {
    clearTimeout(this.answerDelay);
    this.queue.length = 0;
    this.session.close();
  }

  readDone(_tag: number, version: Version | undefined): void {
    const value = version === undefined || version.deleted ? "nil" : version.value;
    this.answer(`getResult ${this.getKey} ${value}`);
  }

  writeDone(_tag: number, version: Version | undefined): void {
    if (version === undefined) throw new InvariantError("a write without a condition is always written");
    const passedInMs = unixMsOfHybridTime(version.time) + 1 - Date.now();
    if (passedInMs <= 0) this.answer("putResult success");
    else this.answerDelay = setTimeout(() => this.answer("putResult success"), passedInMs);
  }

  reached(): void {
    throw new InvariantError("no barrier is asked for here");
  }

  failed(_tag: number, failure: Failure): void {
    this.answer(`failed ${failure.code} ${failure.message}`);
  }

  private take(line: string): void {
    if (this.queue.length >= queuedLinesMax) this.lines.close(`more than ${queuedLinesMax} operations wait`);
    else this.queue.push(line);
    this.next();
  }

  private next(): void {
    if (this.held || this.busy) return;
    const line = this.queue.shift();
    if (line === undefined) return;
    this.busy = true;
    this.start(wordsOf(line), line);
  }

  private start(words: readonly string[], line: string): void {
    const [operation, key = "", value = "", putId = ""] = words;
    this.driver.beginTurn();
    if (operation === "get" && words.length === 2 && key.length <= keyBytesMax) this.get(key);
    else if (operation === "put" && words.length === 4 && fits(key, value, putId)) this.put(key, value, putId);
    else this.answer(`failed BADOPERATION not a put or get, or too long: ${quoted(line)}`);
  }

  private get(key: string): void {
    this.getKey = key;
    this.session.read(key, this, 0);
  }

  private put(key: string, value: string, putId: string): void {
    const request = requestOfPut(this.name, ++this.puts, putId);
    const how = { effect: effectAssign, expiry: 0, condition: conditionNone, wantOld: false } as const;
    this.session.write({ ...how, key, value, request }, this, 0);
  }

  private answer(text: string): void {
    this.busy = false;
    this.lines.send(text);
    // Later, so that a long queue of answers that come at once does not become a deep stack.
    setImmediate(() => this.next());
  }
}

function fits(key: string, value: string, putId: string): boolean {
  return key.length <= keyBytesMax && value.length <= valueBytesMax && putId.length <= putIdBytesMax;
}
