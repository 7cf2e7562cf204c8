/*
 * What one connection's socket holds of its replies: chunks of the pool, given back once the socket has let go of them.
 */
import type { Socket } from "node:net";
import type { OutputChunk, OutputPool } from "../../protocol/resp/output-pool.ts";
import type { ReplyWriter } from "../../protocol/resp/reply-writer.ts";

export class SocketOutput {
  bytes = 0;
  private readonly socket: Socket;
  private readonly pool: OutputPool;
  /** Oldest first. */
  private readonly chunks: OutputChunk[] = [];
  private readonly onWritten: () => void;

  /** `written` is called whenever the socket has let go of a chunk; also when it failed. */
  constructor(socket: Socket, pool: OutputPool, written: () => void) {
    this.socket = socket;
    this.pool = pool;
    this.onWritten = () => {
      const chunk = this.chunks.shift() as OutputChunk;
      this.bytes -= chunk.length;
      this.pool.release(chunk);
      written();
    };
  }

  /** Hands over all that is written, which is something. */
  take(writer: ReplyWriter): void {
    const { pendingBytes } = writer;
    this.bytes += pendingBytes;
    const first = writer.take() as OutputChunk;
    if (first.length === pendingBytes) {
      this.handOver(first);
      return;
    }
    this.socket.cork();
    for (let chunk: OutputChunk | undefined = first; chunk !== undefined; chunk = writer.take()) this.handOver(chunk);
    this.socket.uncork();
  }

  private handOver(chunk: OutputChunk): void {
    this.chunks.push(chunk);
    this.socket.write(chunk.filled(), this.onWritten);
  }
}
