/*
 * A cluster of NodeCores in one process, with the network, the disks and the time in the hand of a test: for stories that
 * need one exact order of events. (Random orders are the simulator's: src/lab/sim.)
 *
 *   const c = new Cluster({ datacenters: 2 });
 *   const alice = c.session(0), bob = c.session(1);
 *   c.hold(c.node(0), c.node(1));            // from here on, what 0.0 sends to 1.0 waits
 *   alice.put("0:x", "1");
 *   c.settle();                              // everything that is not held happens
 *   c.deliver(c.node(0), c.node(1));         // the oldest frame; or drop, duplicate, deliverLast
 *
 * Keys name their partition: "3:photo" is in partition 3. Time moves only by `advance`; frames are lost only by `drop`, `cut`
 * and `crash`. `settle` syncs, loads and delivers whatever is not held, until nothing is left to do.
 */
import { defaultKeyHash, nodeIdOf, Placement } from "../placement.ts";
import type { NodeId } from "../placement.ts";
import { nodeName, TestNode } from "./test-node.ts";
import type { NodeSurroundings } from "./test-node.ts";
import { TestSession } from "./test-session.ts";
import type { Outcome } from "./outcome.ts";
import { invariant } from "../../shared/assert.ts";
import type { Bytes } from "../../shared/bytes.ts";
import { hybridEpochUnixMs } from "../../protocol/hybrid-time.ts";

const roundsMax = 1_000_000;
const tickMs = 10;

export interface ClusterOptions {
  readonly datacenters?: number;
  readonly nodes?: number;
  readonly partitions?: number;
  readonly cacheBytes?: number;
  /** Told what happens, for transcripts. */
  readonly onEvent?: (event: ClusterEvent) => void;
}

export type ClusterEvent =
  | { readonly kind: "node"; readonly node: TestNode; readonly what: string; readonly frame: Bytes | undefined }
  | { readonly kind: "sent" | "delivered"; readonly from: NodeId; readonly to: NodeId; readonly frame: Bytes }
  | { readonly kind: "answered"; readonly session: string; readonly what: string; readonly outcome: Outcome };

interface Link {
  readonly from: TestNode;
  readonly to: TestNode;
  isUp: boolean;
  held: boolean;
  frames: Bytes[];
}

export class Cluster implements NodeSurroundings {
  readonly placement: Placement;
  readonly cacheBytes: number;
  nowMs: number = hybridEpochUnixMs + 1_000_000;
  readonly nodes: TestNode[] = [];
  private readonly links = new Map<string, Link>();
  private readonly onEvent: (event: ClusterEvent) => void;

  constructor(options: ClusterOptions = {}) {
    const { datacenters = 2, nodes = 1, partitions = 4, cacheBytes = 64 * 1024 * 1024 } = options;
    this.placement = new Placement(
      Array.from({ length: datacenters }, () => nodes),
      partitions,
      hashByName,
    );
    this.cacheBytes = cacheBytes;
    this.onEvent = options.onEvent ?? (() => undefined);
    for (let d = 0; d < datacenters; d++) {
      for (let n = 0; n < nodes; n++) this.nodes.push(new TestNode(nodeIdOf(d, n), this));
    }
    this.makeLinks();
    for (const { from, to } of this.links.values()) if (from.id < to.id) this.heal(from, to);
    this.settle();
  }

  node(datacenter: number, node = 0): TestNode {
    const found = this.nodes.find(({ id }) => id === nodeIdOf(datacenter, node));
    invariant(found !== undefined, `there is no node ${datacenter}.${node}`);
    return found;
  }

  session(datacenter: number, node = 0, name = "session"): TestSession {
    const session = this.node(datacenter, node).turn((core) => core.createSession());
    return new TestSession(session, datacenter, (what, outcome) =>
      this.onEvent({ kind: "answered", session: name, what, outcome }),
    );
  }

  // The network.

  /** Whether two nodes have anything to tell one another. */
  arePeers(a: TestNode, b: TestNode): boolean {
    return this.links.has(nameOf(a, b));
  }

  /** What `from` sends to `to` waits until it is delivered by hand. */
  hold(from: TestNode, to: TestNode): void {
    this.link(from, to).held = true;
  }

  /** Everything that was held may go, and settles. */
  release(from: TestNode, to: TestNode): void {
    this.link(from, to).held = false;
    this.settle();
  }

  holdAll(): void {
    for (const link of this.links.values()) link.held = true;
  }

  releaseAll(): void {
    for (const link of this.links.values()) link.held = false;
    this.settle();
  }

  /** Frames under way from one node to another, oldest first; a story may take some out or put them in another order. */
  underWay(from: TestNode, to: TestNode): Bytes[] {
    return this.link(from, to).frames;
  }

  /** Delivers the frame at `index`: the oldest, unless the story says otherwise. */
  deliver(from: TestNode, to: TestNode, index = 0): void {
    const link = this.link(from, to);
    const [frame] = link.frames.splice(index, 1);
    invariant(frame !== undefined, `nothing is under way from ${from.name} to ${to.name}`);
    this.hand(link, frame);
  }

  /** Delivers the oldest frame and leaves it under way. */
  duplicate(from: TestNode, to: TestNode): void {
    const link = this.link(from, to);
    const frame = link.frames[0];
    invariant(frame !== undefined, `nothing is under way from ${from.name} to ${to.name}`);
    this.hand(link, frame);
  }

  /** Loses everything under way from one node to another. Answers how many frames. */
  drop(from: TestNode, to: TestNode): number {
    return this.link(from, to).frames.splice(0).length;
  }

  /** The link between two nodes breaks, both ways. */
  cut(a: TestNode, b: TestNode): void {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const link = this.link(from, to);
      link.frames = [];
      if (!link.isUp) continue;
      link.isUp = false;
      if (from.isUp) from.turn((core) => core.onLinkDown(to.id));
    }
  }

  heal(a: TestNode, b: TestNode): void {
    if (!a.isUp || !b.isUp) return;
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      const link = this.link(from, to);
      if (link.isUp) continue;
      link.isUp = true;
      from.turn((core) => core.onLinkUp(to.id));
    }
  }

  /** Breaks every link between two datacenters. */
  cutDatacenters(a: number, b: number): void {
    this.between(a, b, (from, to) => this.cut(from, to));
  }

  /** Leaves every datacenter alone. */
  cutAll(): void {
    for (let a = 0; a < this.placement.datacenters; a++) {
      for (let b = a + 1; b < this.placement.datacenters; b++) this.cutDatacenters(a, b);
    }
  }

  healDatacenters(a: number, b: number): void {
    this.between(a, b, (from, to) => this.heal(from, to));
  }

  // Time and failures.

  /** Everything that is not held happens, at this moment. */
  settle(): void {
    for (let round = 0; round < roundsMax; round++) {
      let moved = false;
      for (const node of this.nodes) if (node.isUp && node.step()) moved = true;
      for (const link of this.links.values()) {
        while (!link.held && link.frames.length > 0) {
          this.hand(link, link.frames.shift() as Bytes);
          moved = true;
        }
      }
      if (!moved) return;
    }
    invariant(false, "the cluster does not settle");
  }

  /** Time passes, in steps, each with a tick of every node and settled. */
  advance(forMs: number, stepMs: number = tickMs): void {
    const until = this.nowMs + forMs;
    while (this.nowMs < until) {
      this.nowMs = Math.min(until, this.nowMs + stepMs);
      for (const node of this.nodes) if (node.isUp) node.tick();
      this.settle();
    }
  }

  crash(node: TestNode): void {
    for (const peer of this.nodes) if (this.links.has(nameOf(node, peer))) this.cut(node, peer);
    node.crash();
  }

  /** Comes back from what was durable; its links come up. */
  restart(node: TestNode): void {
    node.restart();
    for (const peer of this.nodes) if (this.links.has(nameOf(node, peer))) this.heal(node, peer);
  }

  // What the nodes tell their surroundings.

  now(): number {
    return this.nowMs;
  }

  sent(from: NodeId, to: NodeId, frame: Bytes): void {
    const link = this.links.get(`${nodeName(from)}>${nodeName(to)}`);
    if (link?.isUp !== true) return;
    link.frames.push(frame);
    this.onEvent({ kind: "sent", from, to, frame });
  }

  note(node: TestNode, what: string, frame?: Bytes): void {
    this.onEvent({ kind: "node", node, what, frame });
  }

  private hand(link: Link, frame: Bytes): void {
    this.onEvent({ kind: "delivered", from: link.from.id, to: link.to.id, frame });
    link.to.turn((core) => core.onFrame(link.from.id, frame));
    link.to.flush();
  }

  private makeLinks(): void {
    for (const from of this.nodes) {
      for (const peer of this.placement.peersOf(from.id)) {
        const to = this.nodes.find(({ id }) => id === peer) as TestNode;
        this.links.set(nameOf(from, to), { from, to, isUp: false, held: false, frames: [] });
      }
    }
  }

  private link(from: TestNode, to: TestNode): Link {
    const link = this.links.get(nameOf(from, to));
    invariant(link !== undefined, `${from.name} and ${to.name} are not peers`);
    return link;
  }

  private between(a: number, b: number, visit: (from: TestNode, to: TestNode) => void): void {
    for (const { from, to } of this.links.values()) {
      if (from.core.state.datacenter === a && to.core.state.datacenter === b) visit(from, to);
    }
  }
}

function nameOf(from: TestNode, to: TestNode): string {
  return `${from.name}>${to.name}`;
}

/** "3:photo" hashes to 3, so that a story chooses partitions; other keys hash as usual. */
function hashByName(key: string): number {
  const partition = Number.parseInt(key, 10);
  return Number.isNaN(partition) ? defaultKeyHash(key) : partition;
}
