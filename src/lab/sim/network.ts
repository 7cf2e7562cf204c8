/*
 * The network between the nodes of a cluster, on virtual time.
 *
 * A link is up between two running nodes that can hear each other; both are told. Its two ends notice a break at moments of
 * their own, and it comes up again only after both did. It may break within a frame: what follows is lost too. Inside a datacenter frames keep their order, as on a TCP connection;
 * between datacenters they may be lost without a break, repeated, arrive in any order, and outlive the link that they were
 * sent on, which is more than the port allows and what the protocol promises to bear.
 */
import { allocBytes } from "../../shared/bytes.ts";
import type { Bytes } from "../../shared/bytes.ts";
import type { Random } from "../../shared/random.ts";
import { datacenterOfNode } from "../../core/placement.ts";
import type { NodeId, Placement } from "../../core/placement.ts";
import { messagesInWords } from "../../core/testing/frame-words.ts";
import type { NetworkPlan } from "./plan.ts";
import { FrameReader, frameHeaderBytes, writeFrame } from "../../net/frame-codec.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Trace } from "./trace.ts";
import { Violation } from "./violation.ts";

/** What the network tells a node; the node defers it while it is paused. */
export interface NetworkUser {
  linkUp(peer: NodeId): void;
  linkDown(peer: NodeId): void;
  frame(peer: NodeId, frame: Bytes): void;
}

interface Link {
  readonly a: NodeId;
  readonly b: NodeId;
  readonly wide: boolean;
  /** Grows each time that the link comes up. */
  generation: number;
  /** Who believes that it is up. */
  readonly upAt: Set<NodeId>;
  /** Nothing passes in these directions, by sender. */
  readonly cut: Map<NodeId, number>;
  breaking: boolean;
  connecting: boolean;
  /** When the last frame of each sender arrives, for order. */
  readonly lastMs: Map<NodeId, number>;
  /** Until when each sender is busy with what it sent, where the link is capped. */
  readonly busyMs: Map<NodeId, number>;
  /** What has not left its sender yet: it is gone when the connection is. */
  readonly unsent: Set<Sending>;
  slowFactor: number;
  slowUntilMs: number;
  cloggedUntilMs: number;
  /** By sender, the share of its next frame that still gets through before the connection breaks. */
  readonly tearing: Map<NodeId, number>;
  /** Senders whose connection is broken and who have not noticed. */
  readonly torn: Set<NodeId>;
  /** Its mean delay beside that of the other links, and the share of frames that take far longer. */
  readonly delayFactor: number;
  readonly tail: number;
  readonly random: Random;
}

interface Sending {
  frame: Bytes | undefined;
}

const healedBreakMs = 50;
const tailFactor = 8;
/** Of one frame in a transcript, in characters. */
const frameWordsMax = 400;

export class Network {
  framesLost = 0;
  framesRepeated = 0;
  framesOutliving = 0;
  framesQueued = 0;
  framesTorn = 0;
  private readonly links = new Map<number, Link>();
  private readonly users = new Map<NodeId, NetworkUser>();
  private readonly scheduler: Scheduler;
  private readonly random: Random;
  private readonly plan: NetworkPlan;
  private readonly trace: Trace;
  private healthy = false;

  constructor(placement: Placement, scheduler: Scheduler, random: Random, plan: NetworkPlan, trace: Trace) {
    this.scheduler = scheduler;
    this.random = random;
    this.plan = plan;
    this.trace = trace;
    placement.nodesOf.forEach((nodes, datacenter) => {
      for (let n = 0; n < nodes; n++) this.addLinks(placement, datacenter * 256 + n);
    });
  }

  private addLinks(placement: Placement, a: NodeId): void {
    for (const b of placement.peersOf(a)) {
      if (b < a) continue;
      const wide = datacenterOfNode(a) !== datacenterOfNode(b);
      const state = { generation: 0, upAt: new Set<NodeId>(), cut: new Map<NodeId, number>(), lastMs: new Map() };
      const speed = { busyMs: new Map(), unsent: new Set<Sending>(), slowFactor: 1, slowUntilMs: 0, cloggedUntilMs: 0 };
      const breaks = { breaking: false, connecting: false, tearing: new Map(), torn: new Set<NodeId>() };
      const random = this.random.fork(`link ${a} ${b}`);
      const delay = this.delayOf(random.fork("delay"));
      this.links.set(keyOf(a, b), { a, b, wide, ...state, ...speed, ...breaks, ...delay, random });
    }
  }

  private delayOf(random: Random): Pick<Link, "delayFactor" | "tail"> {
    const exponent = 2 * fraction(random) - 1;
    const hasTail = random.chance(0.25) && this.plan.unevenness > 1;
    return { delayFactor: this.plan.unevenness ** exponent, tail: hasTail ? 0.02 : 0 };
  }

  pairs(): readonly { readonly a: NodeId; readonly b: NodeId; readonly wide: boolean }[] {
    return [...this.links.values()];
  }

  nodeStarted(node: NodeId, user: NetworkUser): void {
    this.users.set(node, user);
    for (const link of this.linksOf(node)) this.connect(link);
  }

  nodeCrashed(node: NodeId): void {
    this.users.delete(node);
    for (const link of this.linksOf(node)) {
      link.upAt.delete(node);
      this.break(link, link.random.chance(0.8) ? 5 : 2_000);
    }
  }

  send(from: NodeId, to: NodeId, frame: Bytes, length: number): void {
    const link = this.links.get(keyOf(from, to));
    if (link === undefined || !link.upAt.has(from)) return;
    const copy = allocBytes(length);
    frame.copy(copy, 0, 0, length);
    const loss = link.wide ? this.plan.loss : this.plan.localLoss;
    const isLost = link.random.chance(loss) && !this.healthy;
    if (this.tears(link, from, copy) || (link.cut.get(from) ?? 0) > 0 || isLost) {
      this.framesLost++;
      this.trace.note("lost", from, to);
      return;
    }
    this.deliver(link, from, to, copy);
    if (link.wide && link.random.chance(this.plan.repeat) && !this.healthy) {
      this.framesRepeated++;
      this.deliver(link, from, to, copy);
    }
  }

  /** Whether the connection broke within this frame, or before it without the sender's noticing. */
  private tears(link: Link, from: NodeId, frame: Bytes): boolean {
    const share = link.tearing.get(from);
    link.tearing.delete(from);
    if (share !== undefined) {
      receivePart(frame, share);
      this.framesTorn++;
      link.torn.add(from);
      this.break(link, 500);
    }
    return link.torn.has(from);
  }

  private deliver(link: Link, from: NodeId, to: NodeId, frame: Bytes): void {
    const { generation } = link;
    const sentMs = this.sentMs(link, from, frame.length);
    const sending: Sending = { frame };
    if (sentMs > this.scheduler.nowMs) {
      link.unsent.add(sending);
      this.scheduler.at(sentMs, () => link.unsent.delete(sending));
    }
    let atMs = Math.max(sentMs + this.delayMs(link), link.cloggedUntilMs);
    const keepsOrder = !link.wide || !this.plan.anyOrder || this.healthy;
    if (keepsOrder) {
      atMs = Math.max(atMs, link.lastMs.get(from) ?? 0);
      link.lastMs.set(from, atMs);
    }
    this.scheduler.at(atMs, () => this.arrive(link, generation, keepsOrder, from, to, sending.frame));
  }

  private arrive(
    link: Link,
    generation: number,
    keepsOrder: boolean,
    from: NodeId,
    to: NodeId,
    frame: Bytes | undefined,
  ): void {
    const isSameLink = generation === link.generation && link.upAt.has(to);
    if (frame === undefined || (!isSameLink && (keepsOrder || !link.upAt.has(to)))) return;
    if (!isSameLink) this.framesOutliving++;
    this.trace.note("frame", from * 65536 + to, frame.length, () => `${from} -> ${to}: ${frameInWords(frame)}`);
    this.users.get(to)?.frame(from, frame);
  }

  /** When the last byte of a frame has left its sender. */
  private sentMs(link: Link, from: NodeId, length: number): number {
    const { nowMs } = this.scheduler;
    if (!link.wide || this.healthy || this.plan.bytesPerMs === Number.POSITIVE_INFINITY) return nowMs;
    const startMs = Math.max(nowMs, link.busyMs.get(from) ?? 0);
    if (startMs > nowMs) this.framesQueued++;
    const sentMs = startMs + length / this.plan.bytesPerMs;
    link.busyMs.set(from, sentMs);
    return sentMs;
  }

  /** Frames take `factor` times as long for a while. */
  slow(a: NodeId, b: NodeId, factor: number, forMs: number): void {
    const link = this.links.get(keyOf(a, b));
    if (link === undefined) return;
    link.slowFactor = factor;
    link.slowUntilMs = this.scheduler.nowMs + forMs;
  }

  /** What is sent from now on arrives when that time is over. */
  clog(a: NodeId, b: NodeId, forMs: number): void {
    const link = this.links.get(keyOf(a, b));
    if (link !== undefined) link.cloggedUntilMs = Math.max(link.cloggedUntilMs, this.scheduler.nowMs + forMs);
  }

  /** Nothing passes from `from` to `to` until `restore`; after a while both ends notice. */
  cut(from: NodeId, to: NodeId): void {
    const link = this.links.get(keyOf(from, to));
    if (link === undefined) return;
    link.cut.set(from, (link.cut.get(from) ?? 0) + 1);
    this.break(link, 3_000);
  }

  restore(from: NodeId, to: NodeId): void {
    const link = this.links.get(keyOf(from, to));
    if (link === undefined) return;
    link.cut.set(from, Math.max(0, (link.cut.get(from) ?? 0) - 1));
    this.connect(link);
  }

  /** The connection breaks; it may come back at once. */
  reset(a: NodeId, b: NodeId): void {
    const link = this.links.get(keyOf(a, b));
    if (link !== undefined) this.break(link, 50);
  }

  /** The connection breaks within the next frame that `from` sends, after that share of it. */
  tear(from: NodeId, to: NodeId, share: number): void {
    this.links.get(keyOf(from, to))?.tearing.set(from, share);
  }

  /** From now on everything arrives, and every link comes up. */
  heal(): void {
    this.healthy = true;
    for (const link of this.links.values()) {
      link.cut.clear();
      link.slowUntilMs = 0;
      link.cloggedUntilMs = 0;
      link.tearing.clear();
      if (this.hasBacklog(link)) this.break(link, healedBreakMs);
      this.connect(link);
    }
  }

  /** What a capped link still has to carry may take longer than any liveness phase: healing ends that connection. */
  private hasBacklog({ busyMs }: Link): boolean {
    return [...busyMs.values()].some((untilMs) => untilMs > this.scheduler.nowMs);
  }

  get isWhole(): boolean {
    return [...this.links.values()].every((link) => link.upAt.size === 2);
  }

  private break(link: Link, noticedMsMax: number): void {
    if (link.breaking) return;
    link.breaking = true;
    const { generation } = link;
    const notice = (node: NodeId): void => {
      this.scheduler.after(fraction(link.random) * noticedMsMax, () => {
        if (generation === link.generation) this.down(link, node);
      });
    };
    notice(link.a);
    notice(link.b);
  }

  private down(link: Link, node: NodeId): void {
    if (link.upAt.delete(node)) {
      const peer = link.a === node ? link.b : link.a;
      this.trace.note("down", node, peer, () => `${node} lost ${peer}`);
      this.users.get(node)?.linkDown(peer);
    }
    if (link.upAt.size > 0) return;
    for (const sending of link.unsent) sending.frame = undefined;
    link.unsent.clear();
    link.breaking = false;
    this.connect(link);
  }

  private connect(link: Link): void {
    if (link.connecting) return;
    link.connecting = true;
    this.scheduler.after(1 + fraction(link.random) * (this.healthy ? 100 : 1_000), () => {
      link.connecting = false;
      if (link.upAt.size > 0 || link.breaking || this.isCut(link)) return;
      if (!this.users.has(link.a) || !this.users.has(link.b)) return;
      link.generation++;
      link.lastMs.clear();
      link.busyMs.clear();
      link.torn.clear();
      link.upAt.add(link.a).add(link.b);
      this.trace.note("up", link.a, link.b, () => `${link.a} - ${link.b}`);
      this.users.get(link.a)?.linkUp(link.b);
      this.users.get(link.b)?.linkUp(link.a);
    });
  }

  private isCut(link: Link): boolean {
    return (link.cut.get(link.a) ?? 0) > 0 || (link.cut.get(link.b) ?? 0) > 0;
  }

  private linksOf(node: NodeId): Link[] {
    return [...this.links.values()].filter(({ a, b }) => a === node || b === node);
  }

  private delayMs(link: Link): number {
    const mean = link.wide ? this.plan.wideDelayMs : this.plan.localDelayMs;
    const isInTail = link.random.chance(link.tail) && !this.healthy;
    const slow = (link.slowUntilMs > this.scheduler.nowMs ? link.slowFactor : 1) * (isInTail ? tailFactor : 1);
    return slow * link.delayFactor * mean * (1 - this.plan.jitter / 2 + this.plan.jitter * fraction(link.random) * 2);
  }
}

/** A connection that breaks within a frame hands the receiver a part of it: nothing comes of that. */
function receivePart(frame: Bytes, share: number): void {
  const bytes = allocBytes(frameHeaderBytes + frame.length);
  writeFrame(bytes, 0, frame, frame.length);
  const reader = new FrameReader(frame.length, () => {
    throw new Violation(14, "a part of a frame was taken for a frame");
  });
  const fault = reader.push(bytes.subarray(0, Math.floor(share * bytes.length)));
  if (fault !== undefined) throw new Violation(14, `a part of a frame was refused: ${fault}`);
}

function frameInWords(frame: Bytes): string {
  const words = `${frame.length} bytes: ${messagesInWords(frame).join("; ")}`;
  return words.length > frameWordsMax ? `${words.slice(0, frameWordsMax)} ...` : words;
}

function fraction(random: Random): number {
  return random.below(65536) / 65536;
}

function keyOf(a: NodeId, b: NodeId): number {
  return a < b ? a * 65536 + b : b * 65536 + a;
}
