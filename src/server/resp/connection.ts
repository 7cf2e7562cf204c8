/*
 * One client's connection: from bytes to commands, and from replies to bytes. It is one session of the core (design, 3.4),
 * or shares a named one.
 *
 *   data ──▶ parser ──▶ dispatch ──▶ core ──▶ replies ──▶ attend, at the end of the turn ──▶ one write to the socket
 *
 * Commands are taken as long as nothing blocks: an exclusive command (command.ts) or one of several steps that is not done, too
 * many replies pending, too much output unread, the end. While anything blocks, the socket is not read, so TCP holds the
 * client back. Taking up again happens at the end of a turn, never from inside the core's callbacks.
 *
 *   open ──QUIT, protocol error, end of input──▶ closing: what is pending is answered, then the socket ends
 *   any  ──socket closed, dropped──▶ closed: outcomes that still come are ignored
 *
 * Nothing here throws because of what a client sends (invariant 14), and everything held for it is bounded (invariant 12).
 */
import type { Socket } from "node:net";
import type { Session } from "../../core/session.ts";
import { RequestOutcome, RequestParser } from "../../protocol/resp/request-parser.ts";
import type { Bytes, ByteString } from "../../shared/bytes.ts";
import { refusalOf, unknownCommand } from "./command.ts";
import { HeldInput, tooManyIncomplete } from "./input-budget.ts";
import type { ExclusiveCommand } from "./command.ts";
import type { CommandEntry } from "./command-table.ts";
import { replyErrorText } from "./reply-error-text.ts";
import type { MultiQueue } from "./multi-queue.ts";
import type { NamedSession } from "./named-sessions.ts";
import { ReplyQueue } from "./reply-queue.ts";
import type { ReplyQueueOwner } from "./reply-queue.ts";
import { farewellMsMax } from "./resp-limits.ts";
import type { RespServices } from "./resp-services.ts";
import { SocketOutput } from "./socket-output.ts";
import { VersionedOperations } from "./versioned-operations.ts";

/** What keeps commands from being taken; bits of `blocked`. */
const byExclusive = 1;
const byReplies = 2;
const byOutput = 4;
const byHold = 8;
const byClosing = 16;
type Block = typeof byExclusive | typeof byReplies | typeof byOutput | typeof byHold | typeof byClosing;

export class RespConnection implements ReplyQueueOwner {
  readonly id: number;
  readonly services: RespServices;
  readonly replies: ReplyQueue;
  readonly connectedMs: number;
  session: Session;
  named: NamedSession | undefined;
  authenticated: boolean;
  /** Set by CLIENT SETNAME and SETINFO. */
  name: ByteString = "";
  libraryName: ByteString = "";
  libraryVersion: ByteString = "";
  lastCommand: ByteString = "";
  /** What MULTI has queued, from MULTI to EXEC or DISCARD. */
  multi: MultiQueue | undefined;
  private versionedOperations: VersionedOperations | undefined;
  /** When something last arrived, in Unix ms. */
  activeMs: number;
  inputBytes = 0;
  commands = 0;
  private readonly socket: Socket;
  private readonly parser: RequestParser;
  private blocked = 0;
  /** An exclusive command that waits for the replies before it. */
  private awaiting: CommandEntry | undefined;
  private readonly inSocket: SocketOutput;
  /** When the socket last took something, while it holds output. */
  private progressMs = 0;
  private closingMs = 0;
  private readonly heldInput: HeldInput;
  private inputEnded = false;
  private finished = false;
  private isClosed = false;
  private attending = false;

  constructor(id: number, socket: Socket, services: RespServices) {
    this.id = id;
    this.socket = socket;
    this.services = services;
    this.authenticated = services.password === undefined;
    this.replies = new ReplyQueue(this, services.pool, services.latencies);
    this.parser = new RequestParser(services.limits.request, this.authenticated, services.names);
    this.heldInput = new HeldInput(services.input);
    this.inSocket = new SocketOutput(socket, services.pool, () => this.written());
    this.session = services.core.createSession();
    this.connectedMs = performance.now();
    this.activeMs = this.connectedMs;
    socket.on("data", (chunk: Buffer) => this.received(chunk as unknown as Bytes));
    socket.on("end", () => this.ended());
    for (const end of ["error", "close"]) socket.on(end, () => this.close());
  }

  /** What this client does with contexts of its own, outside of the session. */
  get versioned(): VersionedOperations {
    return (this.versionedOperations ??= new VersionedOperations(this.services.core, this.replies));
  }

  get address(): string {
    return `${this.socket.remoteAddress ?? "?"}:${this.socket.remotePort ?? 0}`;
  }

  get localAddress(): string {
    return `${this.socket.localAddress ?? "?"}:${this.socket.localPort ?? 0}`;
  }

  /** Bytes of commands that are not whole, or wait their turn, or EXEC. */
  get queryBytes(): number {
    return this.parser.pendingBytes + (this.multi === undefined ? 0 : this.multi.bytes);
  }

  /** Bytes of replies that the client has not taken. */
  get outputBytes(): number {
    return this.replies.writer.pendingBytes + this.inSocket.bytes;
  }

  get isClosing(): boolean {
    return (this.blocked & byClosing) !== 0;
  }

  /** Whether commands wait for something. */
  get isBlocked(): boolean {
    return this.blocked !== 0;
  }

  setAuthenticated(authenticated: boolean): void {
    this.authenticated = authenticated;
    this.parser.authenticated = authenticated;
  }

  /** Continues as `session`: a named one, or one of its own. Only from an exclusive command: nothing is under way. */
  useSession(named: NamedSession | undefined): void {
    this.leaveSession();
    this.named = named;
    this.session = named?.session ?? this.services.core.createSession();
  }

  /** A command has something to submit yet: later commands wait, or they would overtake it. */
  hold(): void {
    this.block(byHold);
  }

  release(): void {
    this.unblock(byHold);
  }

  /** Answers what is pending, then closes. */
  closeAfterReplies(): void {
    if (this.isClosing) return;
    this.closingMs = performance.now();
    this.block(byClosing);
    this.requestAttention();
  }

  hasOutput(): void {
    this.requestAttention();
  }

  repliesMoved(): void {
    if ((this.blocked & byReplies) !== 0 && this.replies.pendingCount <= this.services.limits.repliesPendingMax / 2) {
      this.unblock(byReplies);
    }
    if (this.replies.isQuiet) this.requestAttention();
  }

  /** At the end of a turn: takes up commands that were held back, hands output to the socket, ends what is over. */
  attend(): void {
    this.attending = false;
    if (this.isClosed) return;
    try {
      this.goOn();
    } catch (error) {
      this.services.bug(error);
    }
  }

  private goOn(): void {
    const { awaiting } = this;
    if (awaiting !== undefined && this.replies.isQuiet) {
      this.awaiting = undefined;
      this.runExclusive(awaiting);
    }
    if (this.blocked === 0 && this.socket.isPaused()) this.takeUpAgain();
    this.flush();
    if (this.isClosing && this.replies.isQuiet && this.awaiting === undefined) this.finish();
  }

  /** Every second or so: whoever has been silent, unauthenticated or not reading for too long goes. */
  sweep(nowMs: number): void {
    const { limits, stats } = this.services;
    if (this.isClosing && nowMs - this.closingMs > farewellMsMax && this.outputBytes === 0) this.close();
    else if (this.inSocket.bytes > 0 && nowMs - this.progressMs > limits.outputStallMsMax) this.drop("reads nothing");
    else if (!this.authenticated && nowMs - this.connectedMs > limits.unauthenticatedMsMax) {
      stats.connectionsTimedOut++;
      this.close();
    } else if (limits.idleMsMax > 0 && nowMs - this.activeMs > limits.idleMsMax && this.replies.isQuiet) {
      stats.connectionsTimedOut++;
      this.close();
    }
  }

  /** At once, whatever is pending. */
  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.heldInput.is(0);
    this.blocked |= byClosing;
    this.awaiting = undefined;
    this.multi = undefined;
    this.replies.close();
    this.leaveSession();
    this.socket.destroy();
    this.services.closed(this);
  }

  private leaveSession(): void {
    if (this.named === undefined) this.session.close();
    else this.services.sessions.leave(this.named, performance.now());
    this.named = undefined;
  }

  private received(chunk: Bytes): void {
    const { services } = this;
    services.driver.beginTurn();
    this.activeMs = services.core.state.timerMs;
    this.replies.arrivedMs = services.core.state.timerMs;
    this.inputBytes += chunk.length;
    services.stats.inputBytes += chunk.length;
    this.parser.feed(chunk);
    try {
      this.takeCommands();
    } catch (error) {
      this.services.bug(error);
    }
    if (!this.heldInput.is(this.queryBytes)) this.refuseInput(RequestOutcome.protocolError, tooManyIncomplete);
  }

  private ended(): void {
    this.inputEnded = true;
    if (this.blocked === 0) this.closeAfterReplies();
  }

  private takeUpAgain(): void {
    this.services.driver.beginTurn();
    this.takeCommands();
    if (this.blocked !== 0) return;
    if (this.inputEnded) this.closeAfterReplies();
    else this.socket.resume();
  }

  private takeCommands(): void {
    const { parser, replies } = this;
    const { limits } = this.services;
    while (this.blocked === 0) {
      const outcome = parser.next();
      if (outcome === RequestOutcome.needMore) return;
      if (outcome !== RequestOutcome.command) {
        this.refuseInput(outcome);
        return;
      }
      this.dispatch(parser.args);
      if (replies.pendingCount >= limits.repliesPendingMax) this.block(byReplies);
      if (replies.writer.pendingBytes + this.inSocket.bytes > limits.outputBytesPause) this.pauseForOutput();
    }
  }

  private dispatch(args: readonly ByteString[]): void {
    const { services } = this;
    services.stats.commandsProcessed++;
    this.commands++;
    const entry = services.table.find(args[0] as ByteString);
    if (entry === undefined) {
      services.stats.unknownCommands++;
      this.multi?.fail();
      this.replies.error(unknownCommand(args));
      return;
    }
    const { command } = entry;
    this.lastCommand = command.name;
    const refusal = refusalOf(command, args.length, this.authenticated);
    if (refusal !== undefined) {
      entry.rejected++;
      this.multi?.fail();
      this.replies.error(refusal);
      return;
    }
    entry.calls++;
    if (this.multi !== undefined && command.inMulti !== "atOnce") {
      this.multi.take(this, command, args);
      return;
    }
    if (command.exclusive !== true) {
      command.run(this, args);
      return;
    }
    if (this.replies.isQuiet) {
      this.runExclusive(entry);
      return;
    }
    this.awaiting = entry;
    this.block(byExclusive);
  }

  /** The parser keeps the arguments as they are until the next command is taken. */
  private runExclusive(entry: CommandEntry): void {
    this.services.driver.beginTurn();
    const running = (entry.command as ExclusiveCommand).run(this, this.parser.args);
    if (running === undefined) {
      if ((this.blocked & byExclusive) !== 0) this.unblock(byExclusive);
      return;
    }
    this.block(byExclusive);
    void this.awaitExclusive(running);
  }

  private async awaitExclusive(running: Promise<void>): Promise<void> {
    try {
      await running;
    } catch (error) {
      const text = replyErrorText(error);
      if (text === undefined) this.services.bug(error);
      else if (!this.isClosed) this.replies.error(text);
    }
    if (this.isClosed) this.replies.writer.discard();
    else this.unblock(byExclusive);
  }

  private refuseInput(outcome: RequestOutcome, error: ByteString = this.parser.error): void {
    const { stats } = this.services;
    if (outcome === RequestOutcome.httpRequest) {
      stats.httpRequests++;
      const message = "an HTTP request on the RESP port: connection closed";
      this.services.warn("http-request", { address: this.address }, message);
      this.close();
      return;
    }
    stats.protocolErrors++;
    this.services.warn("protocol-error", { address: this.address, error }, "connection closed");
    this.replies.error(error);
    this.closeAfterReplies();
  }

  private block(by: Block): void {
    if (this.blocked === 0) {
      // What is unread of the chunk must outlive it.
      this.parser.retain();
      this.socket.pause();
    }
    this.blocked |= by;
    this.replies.watched = true;
  }

  private unblock(by: Block): void {
    this.blocked &= ~by;
    if (this.blocked !== 0) return;
    this.replies.watched = false;
    this.requestAttention();
  }

  private requestAttention(): void {
    if (this.attending || this.isClosed) return;
    this.attending = true;
    this.services.needsAttention(this);
  }

  private pauseForOutput(): void {
    const { stats, limits } = this.services;
    if (this.outputBytes > limits.outputBytesMax) {
      this.drop("has more output unread than is allowed");
      return;
    }
    // The socket takes it as soon as it can: only what is still there after that stops the connection.
    this.flush();
    if (this.outputBytes <= limits.outputBytesPause || this.isClosed) return;
    stats.readersPaused++;
    this.block(byOutput);
  }

  private flush(): void {
    const { writer } = this.replies;
    this.replies.reported = false;
    const bytes = writer.pendingBytes;
    if (bytes === 0 || this.isClosed) return;
    if (bytes + this.inSocket.bytes > this.services.limits.outputBytesMax) {
      this.drop("has more output unread than is allowed");
      return;
    }
    if (this.inSocket.bytes === 0) this.progressMs = performance.now();
    this.services.stats.outputBytes += bytes;
    this.inSocket.take(writer);
  }

  /** The socket has let go of its oldest chunk; also when it failed. */
  private written(): void {
    if (this.isClosed) return;
    this.progressMs = this.services.core.state.timerMs;
    if ((this.blocked & byOutput) !== 0 && this.outputBytes <= this.services.limits.outputBytesPause / 2) {
      this.unblock(byOutput);
    }
  }

  private drop(why: string): void {
    this.services.stats.readersDropped++;
    const { address, outputBytes } = this;
    this.services.warn("reader-dropped", { address, outputBytes }, `the client ${why}: connection closed`);
    this.close();
  }

  private finish(): void {
    if (this.finished) return;
    this.finished = true;
    this.socket.end();
    // What the client still sends is read and dropped: closing over unread bytes would reset the connection, and the
    // client might lose the last replies.
    this.socket.removeAllListeners("data");
    this.socket.resume();
  }
}
