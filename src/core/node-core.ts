/*
 * One node's core: everything that it knows and decides, and no I/O (design, section 4).
 *
 *   events in    messages (onFrame), links (onLinkUp, onLinkDown), time (setNow, tick), what the driver carried out
 *                (onDurable, onLoaded, onLogRead), and the operations of sessions
 *   effects out  persist, send, load, readLog: in order, from `flush`, which the driver calls once for the events at hand
 *
 * The parts and what flows between them:
 *
 *   sessions ──▶ head ──▶ log ──durable──▶ tail ──▶ readers, dep answers, acknowledgements
 *   other datacenters ──▶ stream receivers ──▶ dependency gate ──▶ head
 *   log ──▶ shippers ──▶ other datacenters ──acks──▶ stability
 */
import { Attach } from "./attach.ts";
import { Checkpoint } from "./checkpoint.ts";
import { Closing } from "./closing.ts";
import { Collector } from "./collector.ts";
import { DepAnswers } from "./dep-answers.ts";
import { DependencyGate } from "./dependency-gate.ts";
import type { Effects } from "./effects.ts";
import type { FailureCode } from "./failure.ts";
import { Forwarding } from "./forwarding.ts";
import { Head } from "./head.ts";
import { keptBy } from "./kept.ts";
import type { Kept } from "./kept-tally.ts";
import type { KeyRecord } from "./key-record.ts";
import { LagMarks } from "./lag-marks.ts";
import { NodeInbox } from "./node-inbox.ts";
import { NodeState } from "./node-state.ts";
import { Owner } from "./owner.ts";
import { datacenterOfNode } from "./placement.ts";
import type { NodeId, Placement } from "./placement.ts";
import type { Pin } from "./older-versions.ts";
import { RecentFrames } from "./recent-frames.ts";
import type { CommittedFrame } from "./recent-frames.ts";
import { RecordCache } from "./record-cache.ts";
import { RemoteChecks } from "./remote-checks.ts";
import { Session } from "./session.ts";
import type { SessionServices } from "./session-services.ts";
import { SkewWatch } from "./skew-watch.ts";
import { ShipMarks } from "./ship-marks.ts";
import { Shipper } from "./shipper.ts";
import { Stability } from "./stability.ts";
import { SnapshotReads } from "./snapshots/snapshot-reads.ts";
import { StreamReceiver } from "./stream-receiver.ts";
import { Tail } from "./tail.ts";
import { Cohort } from "./transactions/cohort.ts";
import { Coordinator } from "./transactions/coordinator.ts";
import { HomeTransactions } from "./transactions/home-transactions.ts";
import { PartLog } from "./transactions/part-log.ts";
import { RemoteTransactions } from "./transactions/remote-transactions.ts";
import { allocBytes } from "../shared/bytes.ts";
import type { Bytes, ByteString } from "../shared/bytes.ts";
import { Histogram } from "../shared/histogram.ts";
import { cacheBytesDefault } from "../shared/limits.ts";
import type { HybridTime } from "../protocol/hybrid-time.ts";
import type { Dependencies } from "../protocol/dependencies.ts";
import { datacenterOf, partitionOf } from "../protocol/version.ts";
import type { Version } from "../protocol/version.ts";

export interface NodeOptions {
  readonly self: NodeId;
  readonly placement: Placement;
  readonly effects: Effects;
  /** Memory for records that the store has too, in bytes. */
  readonly cacheBytes?: number;
}

export class NodeCore {
  readonly state: NodeState;
  readonly placement: Placement;
  readonly head: Head;
  readonly tail: Tail;
  readonly gate: DependencyGate;
  readonly answers: DepAnswers;
  readonly remote: RemoteChecks;
  readonly forwarding: Forwarding;
  readonly owner: Owner;
  readonly closing: Closing;
  readonly collector: Collector;
  readonly parts: PartLog;
  readonly coordinator: Coordinator;
  readonly cohort: Cohort;
  readonly transactions: HomeTransactions;
  readonly remoteTransactions: RemoteTransactions;
  readonly snapshots: SnapshotReads;
  readonly stability: Stability;
  readonly cache: RecordCache;
  readonly recent: RecentFrames = new RecentFrames();
  readonly marks: ShipMarks;
  /** How far destinations are behind. */
  readonly lag: LagMarks;
  /** Entries per frame: the sizes of the group commits. */
  readonly frameSizes: Histogram = new Histogram(20);
  /** By destination: every node elsewhere that owns equivalents of this node's partitions. */
  readonly shippers: Map<NodeId, Shipper> = new Map();
  readonly receivers: Map<NodeId, StreamReceiver> = new Map();
  readonly inbox: NodeInbox;
  readonly skew: SkewWatch;
  /** Where the durable log ends. */
  logEnd = 0;
  private shippedFromKept = 0;
  private readonly services: SessionServices;
  private stalled = new Set<Session>();
  private lastSessionId = 0;

  constructor(options: NodeOptions) {
    this.state = new NodeState(options.self, options.placement, options.effects);
    this.placement = options.placement;
    this.tail = new Tail(this.state);
    this.remote = new RemoteChecks(this.state);
    this.head = new Head(this.state, this.tail, (partition, datacenter, from, to) =>
      this.gate.onProposed(partition, datacenter, from, to),
    );
    this.gate = new DependencyGate(this.state, this.head, this.remote);
    this.answers = new DepAnswers(this.state);
    this.forwarding = new Forwarding(this.state);
    this.parts = new PartLog(this.state, this.head, this.tail);
    this.coordinator = new Coordinator(this.state, this.head, this.parts);
    this.cohort = new Cohort(this.state, this.head, this.parts);
    this.transactions = new HomeTransactions(this.state, this.head, this.coordinator);
    this.remoteTransactions = new RemoteTransactions(this.state, this.gate, this.coordinator, this.cohort);
    this.snapshots = new SnapshotReads(this.state, this.head);
    this.state.settling.ask = ({ transaction }, time) => this.cohort.ask(transaction, time);
    this.owner = new Owner(this.state, this.head, this.snapshots, this.transactions);
    this.cache = new RecordCache(this.state, options.cacheBytes ?? cacheBytesDefault);
    const partitions = [...this.state.partitions.values()];
    this.marks = new ShipMarks(partitions);
    this.lag = new LagMarks(partitions, this.state.datacenter);
    for (const peer of this.placement.peersOf(options.self)) this.addPeer(peer);
    this.stability = new Stability(this.state, this.shippers);
    this.closing = new Closing(this.state, this.shippers, () => this.cohort.oldestHome);
    this.collector = new Collector(this.state, this.closing);
    this.tail.onPassing = (record) => this.collector.add(record);
    this.cache.onEvicted = (record) => this.collector.forget(record);
    this.inbox = new NodeInbox(this);
    this.skew = new SkewWatch(this.state);
    this.gate.onDropped = (origin) => {
      this.receivers.get(this.placement.owner(datacenterOf(origin), partitionOf(origin)))?.droppedLater();
    };
    this.listenToTail();
    const { state, head, forwarding, answers, remote, snapshots, transactions } = this;
    const stall = (session: Session): false => {
      this.stalled.add(session);
      return false;
    };
    const attaches = new Map<Attach, () => void>();
    this.services = { state, head, forwarding, answers, remote, snapshots, transactions, attaches, stall };
  }

  createSession(): Session {
    return new Session(++this.lastSessionId, this.services);
  }

  /**
   * A context that a client keeps itself comes back with its next write: whether all that it names is applied here, as it is
   * where it came from reads and writes of this datacenter. Anything else would block the write in every other datacenter for
   * ever. Exactly one of the two is called, perhaps at once. A prefix holds if its last dot does: that one was seen here.
   */
  confirm(
    dependencies: Dependencies,
    timeoutMs: number,
    confirmed: () => void,
    refused: (why: FailureCode) => void,
  ): void {
    const { state, answers, remote, services } = this;
    const dots = [...dependencies.dots, ...dependencies.prefixes];
    if (!this.placement.hasOriginsOf(dependencies)) {
      refused("BADCONTEXT");
      return;
    }
    const seen = { dependencies: { dots, prefixes: [] }, floor: 0, datacenter: state.datacenter };
    const attach = new Attach(state, answers, remote, seen, state.timerMs + timeoutMs, () => {
      services.attaches.delete(attach);
      confirmed();
    });
    services.attaches.set(attach, () => {
      attach.cancel();
      // The context may well be right: whoever knows was asked, and this node does not believe its clock.
      if (remote.wasRefusedLately) refused("CLOCKSKEW");
      else refused(this.canAskAbout(dots) ? "BADCONTEXT" : "UNAVAILABLE");
    });
    attach.begin();
  }

  /**
   * Wall time, in Unix ms, which may jump; and milliseconds on a clock that never does, from which timeouts are counted. Without
   * the latter, wall time is taken for it as far as it goes forward. Called before the events of a turn.
   */
  setNow(unixMs: number, steadyMs?: number): void {
    const { state } = this;
    if (steadyMs !== undefined) state.timerMs = steadyMs;
    else if (unixMs > state.nowMs) state.timerMs += unixMs - state.nowMs;
    state.nowMs = unixMs;
    this.state.clock.setPhysical(unixMs);
  }

  /** Every few milliseconds: timeouts, retries, acknowledgements, reserves. */
  tick(): void {
    this.head.clockIsAhead = this.skew.tick();
    this.forwarding.tick();
    this.remote.tick();
    this.gate.tick();
    for (const receiver of this.receivers.values()) receiver.tick();
    for (const shipper of this.shippers.values()) shipper.tick();
    this.stability.tick((time) => this.head.reserveAhead(time));
    this.head.requests.expire(this.state.timerMs);
    this.tickTransactions();
    this.closing.tick();
    this.collector.tick();
    // A clock that nobody asks for a time stands still at its bound on disk.
    const now = Math.max(this.state.clock.told(), this.state.clock.physicalTime);
    this.state.older.expire(now, this.state.timerMs);
    this.expireAttaches();
    if (this.needsTime) this.head.reserveAhead(0);
    this.lag.at(this.state.nowMs, this.logEnd);
    this.cache.sweep();
    this.resumeStalled();
  }

  /** The clock that is told stands still at its bound on disk: what goes with time would stay on a node without writes. */
  private get needsTime(): boolean {
    const { proposals, older } = this.state;
    return proposals.inFlight > 0 || older.count > 0 || this.collector.waitsForClock || this.cache.waitsForClock;
  }

  private tickTransactions(): void {
    this.cohort.tick();
    this.coordinator.tick();
    this.transactions.tick();
    this.remoteTransactions.tick();
    this.state.settling.tick(this.state.timerMs);
  }

  onLinkUp(peer: NodeId): void {
    this.state.linksUp.add(peer);
    this.coordinator.onLinkUp(peer);
    this.cohort.onLinkUp(peer);
    this.remote.onLinkUp();
    this.receivers.get(peer)?.onLinkUp();
    this.stability.onLinkUp(peer);
    this.state.wake();
  }

  onLinkDown(peer: NodeId): void {
    this.state.linksUp.delete(peer);
    this.state.outboxes.drop(peer);
    this.shippers.get(peer)?.onLinkDown();
    this.receivers.get(peer)?.onLinkDown();
    this.answers.onLinkDown(peer);
    this.skew.onLinkDown(peer);
    this.owner.onLinkDown(peer);
    this.forwarding.onLinkDown(peer);
    this.transactions.onLinkDown(peer);
  }

  /** A frame of messages from a peer. Throws DecodeError when it is malformed: the driver drops the link. */
  onFrame(peer: NodeId, frame: Bytes): void {
    this.inbox.onFrame(peer, frame);
  }

  /** The frame that `persist` was given is durable, at these positions of the log. */
  onDurable(position: number, end: number, frame: Bytes, length: number): void {
    if (this.shippers.size > 0) {
      const payload = allocBytes(length);
      frame.copy(payload, 0, 0, length);
      this.recent.add({ position, end, payload });
    }
    this.logEnd = end;
    this.state.counters.frames++;
    this.state.counters.frameBytes += length;
    const entries = this.state.proposals.frameDurable();
    this.state.counters.frameEntries += entries;
    this.frameSizes.observe(entries);
    this.state.wake();
    this.resumeStalled();
  }

  /** The store's answer for a record that `load` asked for. */
  onLoaded(record: KeyRecord, stored: Version | undefined): void {
    this.state.partitionOf(record).load(record, stored);
    this.state.loaded(record);
  }

  /** What the store lists as passing, as `sweep` asked: the keys, and where to go on; undefined at the end. */
  onSwept(keys: readonly ByteString[], next: ByteString | undefined): void {
    this.collector.onSwept(keys, next);
    this.state.wake();
  }

  /** Frames of the log that `readLog` asked for. */
  onLogRead(destination: NodeId, frames: readonly CommittedFrame[]): void {
    this.shippers.get(destination)?.onLogRead(frames);
  }

  /** Carries out what the events since the last flush led to. */
  flush(): void {
    const { state } = this;
    state.flushBegins();
    this.gate.drain();
    this.remote.flush();
    this.answers.flush();
    for (const shipper of this.shippers.values()) shipper.pump(this.logEnd);
    for (const receiver of this.receivers.values()) receiver.flush();
    const loads = state.takeLoads();
    if (loads.length > 0) state.effects.load(loads);
    state.outboxes.flush((peer, frame, length) => {
      if (state.linksUp.has(peer)) state.effects.send(peer, frame, length);
    });
    if (!state.proposals.hasFrame) return;
    this.marks.at(this.logEnd);
    this.lag.at(this.state.nowMs, this.logEnd);
    const { bytes, length } = state.proposals.takeFrame();
    state.effects.persist(bytes, length);
  }

  /**
   * Pins what is visible here now, or at `time`, which is closed by that: undefined when there are too many pins, or it is too
   * long ago. From now on nothing is written over a record that was not read, and nothing is collected. What was written so
   * before, and is still on its way to the disk, must not become visible after the pinned time: hence not what may be told now.
   */
  pin(time: HybridTime = this.state.clock.greatest()): Pin | undefined {
    this.head.close(time);
    return this.state.older.pin(time, this.state.timerMs);
  }

  /** A checkpoint of everything applied so far; one at a time. */
  beginCheckpoint(): Checkpoint {
    return new Checkpoint(this, this.logEnd);
  }

  /**
   * The log before this position is needed by no destination any more, also after a restart: shipping then begins where the
   * newest durable checkpoint says, which may be behind what destinations have acknowledged since.
   */
  get shippedFrom(): number {
    return this.shippedFromKept;
  }

  /** A checkpoint is durable that says from where on destinations need the log. */
  shippingKept(from: number): void {
    this.shippedFromKept = from;
    this.marks.dropBefore(from);
  }

  /** Refuses clients' writes and holds others' back (a full disk, a drained node), or stops doing so. */
  refuseWrites(why: string | undefined): void {
    this.state.writesRefused = why;
    this.state.wake();
  }

  /** Everything that is kept for later, and what holds it back. */
  kept(): Kept[] {
    return keptBy(this);
  }

  /** The greatest time that this node has told or seen. */
  get clockTold(): HybridTime {
    return this.state.clock.told();
  }

  private addPeer(peer: NodeId): void {
    if (datacenterOfNode(peer) === this.state.datacenter) return;
    this.shippers.set(peer, new Shipper(this.state, peer, this.recent, this.marks));
    this.receivers.set(peer, new StreamReceiver(this.state, peer, this.gate, this.head));
  }

  private listenToTail(): void {
    const { datacenter } = this.state;
    this.tail.onApplied((partition, origin, from, to) => {
      this.answers.onApplied(partition, origin, from, to);
      if (origin === datacenter) this.stability.onAppliedHere(partition);
      else this.receivers.get(this.placement.owner(origin, partition.id))?.onApplied(partition);
    });
  }

  /** Whether the owners here of all these dots' partitions can be reached. */
  private canAskAbout(dots: readonly number[]): boolean {
    for (let i = 0; i < dots.length; i += 2) {
      const owner = this.placement.owner(this.state.datacenter, partitionOf(dots[i] as number));
      if (owner === this.state.self) continue;
      if (!this.state.linksUp.has(owner) || this.skew.isSilent(owner)) return false;
    }
    return true;
  }

  private expireAttaches(): void {
    const { attaches } = this.services;
    for (const [attach, giveUp] of attaches) {
      if (attach.deadlineMs > this.state.timerMs) continue;
      attaches.delete(attach);
      giveUp();
    }
  }

  private resumeStalled(): void {
    if (this.stalled.size === 0 || !this.head.canPropose) return;
    const stalled = this.stalled;
    this.stalled = new Set();
    for (const session of stalled) session.advance();
  }
}
