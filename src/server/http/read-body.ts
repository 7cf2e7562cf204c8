/*
 * Takes in the body of a request within a limit, and within one for all requests at once (invariant 12).
 */
import { Refusal } from "./refusal.ts";

export class BodyReader {
  /** Bytes of bodies in memory, counted as they come in. */
  bytes = 0;
  private readonly bytesMax: number;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  /** The body, or why not. The caller has to `release` it when it is done with it. */
  async read(request: Request, limit: number): Promise<Buffer | Refusal> {
    const tooLarge = new Refusal(413, "TOO_LARGE", `a body here has at most ${limit} bytes`);
    if (Number(request.headers.get("content-length") ?? 0) > limit) return tooLarge;
    if (request.body === null) return Buffer.alloc(0);
    const chunks: Uint8Array[] = [];
    let length = 0;
    let refusal: Refusal | undefined;
    // The types of streams know no asyncIterator where the DOM's are left out; Node's have it.
    for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
      if (length + chunk.length > limit) refusal = tooLarge;
      else if (this.bytes + chunk.length > this.bytesMax) refusal = busy;
      if (refusal !== undefined) break;
      chunks.push(chunk);
      length += chunk.length;
      this.bytes += chunk.length;
    }
    if (refusal === undefined) return Buffer.concat(chunks, length);
    this.release(length);
    return refusal;
  }

  release(bytes: number): void {
    this.bytes -= bytes;
  }
}

const busy = new Refusal(503, "BUSY", "too many large requests are under way, try again later");
