/*
 * The Transport port over the seed's ways: connections inside the datacenter, the master between datacenters.
 *
 * A line that is not a server's, or names a server that is no peer, is noted and dropped. What a frame holds is judged by
 * the core, which drops what it cannot decode.
 */
import { LocalLink } from "./local-link.ts";
import { datacenterOfServer, nodeIdOfServer, serverIdOfNode } from "./names.ts";
import type { ServerId } from "./names.ts";
import { quoted } from "./note.ts";
import type { Note } from "./note.ts";
import { RoutedLink } from "./routed-link.ts";
import { parseServerLine } from "./server-lines.ts";
import type { ServerLink } from "./server-link.ts";
import type { LineSocket } from "./line-socket.ts";
import type { Placement } from "../../core/placement.ts";
import type { LinkStats, NodeId, Transport, TransportEvents } from "../../net/transport.ts";
import type { Bytes } from "../../shared/bytes.ts";

export interface SeedTransportOptions {
  readonly self: ServerId;
  readonly placement: Placement;
  readonly tellMaster: (text: string) => boolean;
  readonly note: Note;
}

export class SeedTransport implements Transport {
  private readonly options: SeedTransportOptions;
  private readonly local = new Map<ServerId, LocalLink>();
  private readonly routed = new Map<ServerId, RoutedLink>();
  private readonly byNode = new Map<NodeId, ServerLink>();

  constructor(options: SeedTransportOptions) {
    this.options = options;
  }

  async start(events: TransportEvents): Promise<void> {
    const { self, placement, tellMaster } = this.options;
    for (const node of placement.peersOf(nodeIdOfServer(self))) {
      const peer = serverIdOfNode(node);
      if (datacenterOfServer(peer) === datacenterOfServer(self)) this.addLocal(new LocalLink(self, peer, events));
      else this.routed.set(peer, new RoutedLink(self, peer, events, tellMaster));
    }
    for (const link of [...this.local.values(), ...this.routed.values()]) this.byNode.set(link.node, link);
    for (const link of this.local.values()) link.start();
  }

  /** Whether every server of this datacenter can be reached. */
  get isJoined(): boolean {
    for (const link of this.local.values()) if (!link.isUp) return false;
    return true;
  }

  /** There is something for the other datacenters. */
  greetOthers(): void {
    for (const link of this.routed.values()) link.greet();
  }

  /** A server of this datacenter dialled. */
  attach(peer: ServerId, lines: LineSocket): void {
    const link = this.local.get(peer);
    if (link !== undefined && peer < this.options.self) link.attach(lines);
    else lines.close(`server ${peer} does not dial here`);
  }

  /** A line that the master delivered. */
  onMasterLine(line: string): void {
    this.take(line, this.routed);
  }

  send(peer: NodeId, frame: Bytes, length: number): boolean {
    return this.byNode.get(peer)?.send(frame, length) ?? false;
  }

  /** Frames are handed to their way at once. */
  queuedBytes(): number {
    return 0;
  }

  links(): readonly LinkStats[] {
    return Array.from(this.byNode.values(), (link) => link.stats());
  }

  async close(): Promise<void> {
    for (const link of this.byNode.values()) link.close();
  }

  private addLocal(link: LocalLink): void {
    this.local.set(link.peer, link);
    link.onLine = (line) => this.take(line, this.local);
  }

  private take(line: string, links: ReadonlyMap<ServerId, ServerLink>): void {
    const said = parseServerLine(line);
    const link = said === undefined ? undefined : links.get(said.from);
    if (said === undefined || link === undefined) {
      this.options.note(`ignored a line that no peer of mine says: ${quoted(line)}`);
      return;
    }
    link.up();
    if (said.kind === "frame") link.receive(said.frame);
  }
}
