/*
 * The links to the nodes of one datacenter, and which of them an operation takes (issue "client library": smart routing).
 *
 * In: the topologies that nodes tell, links that come and go. Out: a route for each partition, and `routesChanged`.
 *
 * - One link for each node that the topology names. A key goes to the owner of its partition; while that one is down, to
 *   the node that owes least: every node forwards.
 * - The addresses given to `connect` (seeds) are dialled first, and again whenever no node answers; a seed that is no
 *   node's own address is let go once a node's own is ready. Where nodes are known under addresses that the client
 *   cannot reach, the seed stays, and every operation goes through it.
 * - Everybody who answers has to be of the same cluster, datacenter and P as the first.
 * - The topology is asked for again when something fails, and now and then.
 */
import type { Answerable, LinkHost, LinkPolicy, LinkSurroundings } from "./node-link.ts";
import { NodeLink } from "./node-link.ts";
import { isReplyError, textAnswer } from "./answers.ts";
import { topologyCommand } from "./commands.ts";
import { ClientError, ServerRefusedError, WrongClusterError } from "./errors.ts";
import type { ClientEvent } from "./events.ts";
import { topologyRefreshMsMax, topologyRefreshMsMin } from "./limits.ts";
import { localNodes, parseTopology } from "./topology.ts";
import type { Topology } from "./topology.ts";
import { notSet } from "./timer-wheel.ts";
import type { Timed } from "./timer-wheel.ts";
import { formatAddress } from "./transport.ts";
import type { Address } from "./transport.ts";
import type { ReplyValue } from "../protocol/resp/reply-values.ts";

export interface RoutesHost {
  /** A link became ready, or the topology says something else. */
  routesChanged(): void;
  linkFailed(error: ClientError): void;
  tell(event: ClientEvent): void;
}

/** Any partition: operations that every node serves alike. */
export const anyPartition = -1;

export class NodeLinks implements LinkHost, Timed, Answerable {
  tick = notSet;
  topology: Topology | undefined;
  /** How often an operation went to another node than the owner. */
  forwarded = 0;
  private owners: (NodeLink | undefined)[] = [];
  private readonly ready: NodeLink[] = [];
  private readonly byAddress = new Map<string, NodeLink>();
  /** Let go; they close when nothing is owed. */
  private readonly retired = new Set<NodeLink>();
  /** Addresses that the topology names. */
  private named: ReadonlySet<string> = new Set();
  private refreshing = false;
  private refreshedMs = 0;
  private closing = false;
  private readonly seeds: readonly Address[];
  private readonly surroundings: LinkSurroundings;
  private readonly policy: LinkPolicy;
  private readonly host: RoutesHost;

  constructor(seeds: readonly Address[], surroundings: LinkSurroundings, silenceMs: number, host: RoutesHost) {
    this.seeds = seeds;
    this.surroundings = surroundings;
    this.policy = { silenceMs, redials: true };
    this.host = host;
  }

  get readyCount(): number {
    return this.ready.length;
  }

  /** Whether each node has been connected to or has failed once. */
  get settled(): boolean {
    for (const link of this.byAddress.values()) if (link.outcomes === 0) return false;
    return true;
  }

  /** Why the links that are down are; the last error of each. */
  errors(): ClientError[] {
    return [...this.byAddress.values()].flatMap((link) => (link.lastError === undefined ? [] : [link.lastError]));
  }

  dialSeeds(): void {
    for (const seed of this.seeds) this.linkTo(seed);
  }

  /** Where an operation on this partition goes now; undefined when nobody can be reached. */
  route(partition: number): NodeLink | undefined {
    const owner = this.owners[partition];
    if (owner !== undefined && owner.ready && owner.hasRoom) return owner;
    let least: NodeLink | undefined;
    for (const link of this.ready) {
      if (link.hasRoom && (least === undefined || link.outstanding < least.outstanding)) least = link;
    }
    return least;
  }

  /**
   * The same for what only the owner may be given, whoever else is there. Where the client reaches no node under its own
   * address, but a seed that passes everything on, that has to do it.
   */
  routeToOwner(partition: number): NodeLink | undefined {
    if (!this.reachesNodes) return this.route(partition);
    const owner = this.owners[partition];
    return owner !== undefined && owner.ready && owner.hasRoom ? owner : undefined;
  }

  /** Of these partitions, one of the owner who has the most of them. */
  mostlyOwned(partitions: readonly number[]): number {
    const counts = new Map<NodeLink | undefined, number>();
    let best = anyPartition;
    let most = 0;
    for (const partition of partitions) {
      const owner = this.owners[partition];
      const count = (counts.get(owner) ?? 0) + 1;
      counts.set(owner, count);
      if (count <= most) continue;
      most = count;
      best = partition;
    }
    return best;
  }

  owns(link: NodeLink, partition: number): boolean {
    return this.owners[partition] === link;
  }

  /** Where a node can be reached now. */
  reachable(): Address | undefined {
    return this.route(anyPartition)?.target;
  }

  refuse(link: NodeLink, topology: Topology): ClientError | undefined {
    const known = this.topology;
    if (known === undefined) return undefined;
    const expected = identityOf(known);
    const found = identityOf(topology);
    return expected === found ? undefined : new WrongClusterError(link.address, expected, found);
  }

  linkReady(link: NodeLink, topology: Topology): void {
    this.ready.push(link);
    this.host.tell({ kind: "link-up", address: link.address });
    this.adopt(topology);
    this.host.routesChanged();
  }

  linkDown(link: NodeLink, error: ClientError): void {
    const at = this.ready.indexOf(link);
    if (at >= 0) this.ready.splice(at, 1);
    if (this.retired.delete(link)) return;
    this.host.tell({ kind: "link-down", address: link.address, error });
    if (!this.closing && this.topology !== undefined && this.ready.length === 0) this.dialSeeds();
    this.refreshSoon();
    this.host.linkFailed(error);
  }

  /** Something failed in a way that another topology might explain. */
  refreshSoon(): void {
    if (this.closing || this.refreshing || this.topology === undefined) return;
    const { wheel, time } = this.surroundings;
    const dueMs = Math.max(time.nowMs(), this.refreshedMs + topologyRefreshMsMin);
    wheel.set(this, dueMs);
  }

  close(): void {
    this.closing = true;
    this.surroundings.wheel.cancel(this);
    for (const link of [...this.byAddress.values(), ...this.retired]) link.close();
    this.byAddress.clear();
    this.retired.clear();
    this.ready.length = 0;
    this.owners = [];
  }

  /** Time to ask for the topology. */
  onDue(): void {
    const link = this.route(anyPartition);
    if (link === undefined) {
      // Whoever becomes ready next tells it anyway.
      this.planRefresh();
      return;
    }
    this.refreshing = true;
    link.send(topologyCommand, this, topologyCommand.length);
  }

  answered(reply: ReplyValue): void {
    this.refreshing = false;
    try {
      if (isReplyError(reply)) throw new ServerRefusedError(reply.code, reply.message, true);
      this.takeTopology(parseTopology(textAnswer(reply, "the answer to COPS.TOPOLOGY")));
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      this.refuseTopology(error);
    }
  }

  lost(): void {
    this.refreshing = false;
    this.planRefresh();
  }

  private takeTopology(topology: Topology): void {
    const known = this.topology;
    if (known !== undefined && identityOf(known) !== identityOf(topology)) {
      throw new WrongClusterError("a node", identityOf(known), identityOf(topology));
    }
    this.adopt(topology);
    this.host.routesChanged();
  }

  private refuseTopology(error: ClientError): void {
    this.planRefresh();
    this.host.tell({ kind: "topology-refused", error });
  }

  private adopt(topology: Topology): void {
    this.planRefresh();
    // A node that lags behind must not take us back.
    if (this.topology !== undefined && topology.view < this.topology.view) return;
    const changed = JSON.stringify(topology) !== JSON.stringify(this.topology);
    this.topology = topology;
    if (changed) this.open(topology);
    this.letGo();
    if (changed) this.host.tell({ kind: "topology", topology });
  }

  private open(topology: Topology): void {
    const owners: (NodeLink | undefined)[] = Array.from({ length: topology.partitions });
    const named = new Set<string>();
    for (const node of localNodes(topology)) {
      const link = this.linkTo(node);
      named.add(link.address);
      for (const partition of node.partitions) owners[partition] = link;
    }
    this.owners = owners;
    this.named = named;
  }

  /** Links to nobody whom the topology names are let go, unless there is no other. */
  private letGo(): void {
    if (!this.reachesNodes) return;
    for (const [address, link] of this.byAddress) {
      if (this.named.has(address)) continue;
      this.byAddress.delete(address);
      const at = this.ready.indexOf(link);
      if (at >= 0) this.ready.splice(at, 1);
      link.retire();
      if (!link.closed) this.retired.add(link);
    }
    for (const link of this.retired) if (link.closed) this.retired.delete(link);
  }

  /** Whether a node can be reached under an address that the topology names. */
  private get reachesNodes(): boolean {
    return this.ready.some((link) => this.named.has(link.address));
  }

  private linkTo(address: Address): NodeLink {
    const name = formatAddress(address);
    let link = this.byAddress.get(name);
    if (link === undefined) {
      link = new NodeLink({ host: address.host, port: address.port }, this.surroundings, this, this.policy);
      this.byAddress.set(name, link);
      link.dial();
    }
    return link;
  }

  private planRefresh(): void {
    const { wheel, time } = this.surroundings;
    this.refreshedMs = time.nowMs();
    if (!this.closing) wheel.set(this, this.refreshedMs + topologyRefreshMsMax * (0.5 + 0.5 * time.random()));
  }
}

/** What never changes while a client is connected. */
function identityOf(topology: Topology): string {
  const { cluster, datacenter, partitions } = topology;
  return `cluster ${cluster}, datacenter ${datacenter.name} (${datacenter.index}), ${partitions} partitions`;
}
