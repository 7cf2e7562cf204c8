/*
 * The configuration of one node, ready to start it: all settings, plus what follows from which node it is.
 */
import { join } from "node:path";
import { configDigest } from "./config-digest.ts";
import type { NodeSettings, Settings } from "./schema.ts";
import type { NodeId } from "../../core/placement.ts";
import { nodeIdOf } from "../../core/placement.ts";
import { invariant } from "../../shared/assert.ts";

export interface NodeConfig extends Omit<Settings, "node"> {
  readonly self: NodeId;
  readonly datacenter: { readonly name: string; readonly index: number };
  readonly node: NodeSettings & { readonly index: number };
  /** This node's own: `dataDirectory` of the settings with the node's name behind it. */
  readonly nodeDirectory: string;
  /** What all nodes must agree on, as a hash; for the handshake between them. */
  readonly configDigest: string;
}

/** The settings passed every rule, so the node is there. */
export function nodeConfigOf(settings: Settings): NodeConfig {
  for (const [index, { name, nodes }] of settings.cluster.datacenters.entries()) {
    const place = nodes.findIndex((candidate) => candidate.name === settings.node);
    const found = nodes[place];
    if (found === undefined) continue;
    return {
      ...settings,
      self: nodeIdOf(index, place),
      datacenter: { name, index },
      node: { ...found, index: place },
      nodeDirectory: join(settings.dataDirectory, settings.node),
      configDigest: configDigest(settings.cluster),
    };
  }
  invariant(false, `node ${settings.node} is one of the cluster's`);
}
