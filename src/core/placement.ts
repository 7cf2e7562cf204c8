/*
 * Which node owns what (design, sections 2 and 3.10): the static placement of chains of length 1. Partition p of a
 * datacenter with n nodes is on node p mod n. P is the same everywhere, so a partition has exactly one equivalent in each
 * other datacenter. A view with longer chains replaces this file's answers, not its questions.
 */
import { murmur3 } from "../shared/murmur3.ts";
import { invariant } from "../shared/assert.ts";
import { datacentersMax, dependenciesMax, nodesPerDatacenterMax, partitionsMax } from "../shared/limits.ts";
import type { Dependencies } from "../protocol/dependencies.ts";
import { datacenterOf, partitionOf } from "../protocol/version.ts";
import type { Origin } from "../protocol/version.ts";
import type { ByteString } from "../shared/bytes.ts";

/** Names one node of the cluster: datacenter index * 256 + node index. */
export type NodeId = number;

export function nodeIdOf(datacenter: number, node: number): NodeId {
  return datacenter * 256 + node;
}
export function datacenterOfNode(id: NodeId): number {
  return id >>> 8;
}
export function indexOfNode(id: NodeId): number {
  return id & 0xff;
}

/** The unsigned 32-bit hash of a key: decides its partition, and its place in the order of SCAN. */
export type KeyHash = (key: ByteString) => number;

export const defaultKeyHash: KeyHash = (key) => murmur3(key, 0);

export class Placement {
  /** Number of nodes of each datacenter, by index. */
  readonly nodesOf: readonly number[];
  readonly partitions: number;
  /** Another hash than murmur3; undefined for that one, which is then inlined where keys are placed. */
  private readonly otherHash: KeyHash | undefined;

  constructor(nodesOf: readonly number[], partitions: number, otherHash?: KeyHash) {
    invariant(nodesOf.length >= 1 && nodesOf.length <= datacentersMax, `1 to ${datacentersMax} datacenters`);
    invariant(partitions >= 1 && partitions <= partitionsMax, `1 to ${partitionsMax} partitions`);
    invariant(
      nodesOf.length * partitions <= dependenciesMax,
      `datacenters times partitions is at most ${dependenciesMax}: a collapsed context holds one prefix for each`,
    );
    for (const nodes of nodesOf) {
      invariant(nodes >= 1 && nodes <= nodesPerDatacenterMax, `1 to ${nodesPerDatacenterMax} nodes in a datacenter`);
    }
    this.nodesOf = nodesOf;
    this.partitions = partitions;
    this.otherHash = otherHash;
  }

  get datacenters(): number {
    return this.nodesOf.length;
  }

  hash(key: ByteString): number {
    return this.otherHash === undefined ? murmur3(key, 0) : this.otherHash(key);
  }

  /** The shifts keep the division in whole numbers: without them it is one of doubles, ten times slower. */
  partitionOfHash(hash: number): number {
    return (hash >>> 0) % (this.partitions >>> 0);
  }

  /** The owner of `partition` in `datacenter`. */
  owner(datacenter: number, partition: number): NodeId {
    return nodeIdOf(datacenter, partition % (this.nodesOf[datacenter] as number));
  }

  /** Whether there are all the datacenters and partitions that these dependencies name: others would be waited for for ever. */
  hasOriginsOf({ dots, prefixes }: Dependencies): boolean {
    return this.hasOrigins(dots) && this.hasOrigins(prefixes);
  }

  private hasOrigins(pairs: readonly number[]): boolean {
    for (let i = 0; i < pairs.length; i += 2) {
      const origin = pairs[i] as Origin;
      if (datacenterOf(origin) >= this.datacenters || partitionOf(origin) >= this.partitions) return false;
    }
    return true;
  }

  /** The partitions that a node owns, ascending. */
  partitionsOf(node: NodeId): number[] {
    const owned: number[] = [];
    for (let p = 0; p < this.partitions; p++) if (this.owner(datacenterOfNode(node), p) === node) owned.push(p);
    return owned;
  }

  /** Every other node of the node's datacenter, and every node elsewhere that owns an equivalent of its partitions. */
  peersOf(node: NodeId): NodeId[] {
    const here = datacenterOfNode(node);
    const owned = this.partitionsOf(node);
    const peers = new Set<NodeId>();
    for (let n = 0; n < (this.nodesOf[here] as number); n++) peers.add(nodeIdOf(here, n));
    for (let d = 0; d < this.datacenters; d++) {
      if (d !== here) for (const p of owned) peers.add(this.owner(d, p));
    }
    peers.delete(node);
    return [...peers].toSorted((a, b) => a - b);
  }
}
