/*
 * What the master does with the messages that servers ask it to route: delivers each to its server at once, or holds it
 * back for as long as its PUTID is blocked for that server. What was held goes out in the order in which it came.
 *
 * Servers repeat what nobody acknowledges, so a long block piles up repetitions: of what is held for one PUTID and server
 * only the newest `heldMax` are kept.
 */
import type { ServerId } from "./names.ts";
import type { Note } from "./note.ts";

const heldMax = 1_000;

export class Router {
  private readonly held = new Map<string, string[]>();
  private readonly deliver: (server: ServerId, message: string) => void;
  private readonly note: Note;

  constructor(deliver: (server: ServerId, message: string) => void, note: Note) {
    this.deliver = deliver;
    this.note = note;
  }

  route(putId: string, server: ServerId, message: string): void {
    const held = this.held.get(blockOf(putId, server));
    if (held === undefined) {
      this.deliver(server, message);
      return;
    }
    held.push(message);
    if (held.length <= heldMax) return;
    held.shift();
    this.note(
      `more than ${heldMax} messages are blocked for PUTID ${putId} and server ${server}; the oldest is dropped`,
    );
  }

  block(putId: string, server: ServerId): void {
    const block = blockOf(putId, server);
    if (!this.held.has(block)) this.held.set(block, []);
  }

  unblock(putId: string, server: ServerId): void {
    const block = blockOf(putId, server);
    const held = this.held.get(block) ?? [];
    this.held.delete(block);
    for (const message of held) this.deliver(server, message);
  }
}

function blockOf(putId: string, server: ServerId): string {
  return `${putId} ${server}`;
}
