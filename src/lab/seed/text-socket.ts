/*
 * A connection that carries text in both directions. Text is latin1 throughout, one character for each byte, so that keys
 * and values pass unchanged whatever their encoding.
 *
 * Bounded: a peer that does not read what is sent to it loses the connection, with the reason in `onClosed`.
 */
import type { Socket } from "node:net";

const unsentBytesMax = 128 * 1024 * 1024;

export class TextSocket {
  onText: (chunk: string) => void = () => undefined;
  /** Called once, never from inside `write`. `why` is for people. */
  onClosed: (why: string) => void = () => undefined;
  private readonly socket: Socket;
  private closedBecause: string | undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding("latin1");
    socket.setNoDelay(true);
    socket.on("data", (chunk: string) => this.onText(chunk));
    socket.on("error", (error) => this.close(error.message));
    socket.on("close", () => this.close("the other end closed the connection"));
  }

  get isOpen(): boolean {
    return this.closedBecause === undefined;
  }

  write(text: string): boolean {
    if (!this.isOpen || this.socket.destroyed) return false;
    this.socket.write(text, "latin1");
    if (this.socket.writableLength <= unsentBytesMax) return true;
    // Told as an error of the socket, later: nobody expects to be called back from inside a write.
    this.socket.destroy(new Error(`${unsentBytesMax} bytes wait to be read`));
    return false;
  }

  close(why: string): void {
    if (!this.isOpen) return;
    this.closedBecause = why;
    this.socket.destroySoon();
    this.onClosed(why);
  }
}
