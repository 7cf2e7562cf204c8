/*
 * A hash over what all nodes must agree on before they believe each other (design, 3.9): who is in the cluster, in which
 * order, and how many partitions there are, since all of that decides who owns what.
 *
 * Left out on purpose: addresses, so that a node may move while the others still run; the secret, which the handshake
 * proves by itself; and every setting that is a node's own affair.
 */
import { createHash } from "node:crypto";
import type { ClusterSettings } from "./schema.ts";

const DIGEST_HEX_DIGITS = 32;

export function configDigest({ id, partitions, datacenters }: ClusterSettings): string {
  const members = datacenters.map(({ name, nodes }) => [name, nodes.map((node) => node.name)]);
  const agreed = JSON.stringify(["cops-config-1", id, partitions, members]);
  return createHash("sha256").update(agreed).digest("hex").slice(0, DIGEST_HEX_DIGITS);
}
