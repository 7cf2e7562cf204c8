/*
 * A link to a server of another datacenter: every frame goes through the master, as `route SRC DEST PUTID MESSAGE`.
 *
 *   quiet ──this server has its first write of its own──▶ greeting: hello, again and again, until something comes back
 *         ──any line from the peer──▶ up, for good
 *
 * Nothing is routed before the first put, so a master need not know every server any earlier. The peer answers a greeting
 * by opening its stream (design, 3.3).
 */
import { frameLine, helloLine } from "./server-lines.ts";
import { ServerLink } from "./server-link.ts";
import { putIdOfNoPut } from "./put-ids.ts";
import { splitFrame } from "./split-frame.ts";
import type { ServerId } from "./names.ts";
import type { TransportEvents } from "../../net/transport.ts";
import type { Bytes } from "../../shared/bytes.ts";

const greetAgainMsMin = 200;
const greetAgainMsMax = 5_000;

export class RoutedLink extends ServerLink {
  private readonly tellMaster: (text: string) => boolean;
  private greeting: NodeJS.Timeout | undefined;

  constructor(self: ServerId, peer: ServerId, events: TransportEvents, tellMaster: (text: string) => boolean) {
    super(self, peer, events);
    this.tellMaster = tellMaster;
  }

  greet(): void {
    if (this.greeting === undefined) this.greetEvery(greetAgainMsMin);
  }

  close(): void {
    clearTimeout(this.greeting);
  }

  protected carry(frame: Bytes, length: number): boolean {
    let carried = true;
    for (const part of splitFrame(frame, length)) {
      carried = this.route(part.putId, frameLine(this.self, part.frame, part.frame.length)) && carried;
    }
    return carried;
  }

  private greetEvery(delayMs: number): void {
    if (this.isUp) return;
    this.route(putIdOfNoPut, helloLine(this.self));
    this.greeting = setTimeout(() => this.greetEvery(Math.min(delayMs * 2, greetAgainMsMax)), delayMs);
  }

  private route(putId: string, message: string): boolean {
    return this.tellMaster(`route ${this.self} ${this.peer} ${putId} ${message}`);
  }
}
