/*
 * What makes settings wrong that no field can say by itself. Each finding names the field to change.
 */
import { nearestWord } from "./edit-distance.ts";
import { isLoopback } from "./loopback.ts";
import type { Settings } from "./schema.ts";
import { dependenciesMax } from "../../shared/limits.ts";

export interface RuleBreach {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

export function brokenRules(settings: Settings): RuleBreach[] {
  return [
    ...repeatedNames(settings),
    ...repeatedAddresses(settings),
    ...tooManyOrigins(settings),
    ...unknownNode(settings),
    ...insecureListens(settings),
    ...faultsNotAllowed(settings),
  ];
}

class Places {
  readonly breaches: RuleBreach[] = [];
  readonly #first = new Map<string, string>();
  readonly #what: string;

  constructor(what: string) {
    this.#what = what;
  }

  take(value: string, owner: string, path: readonly PropertyKey[]): void {
    const first = this.#first.get(value);
    if (first === undefined) this.#first.set(value, owner);
    else this.breaches.push({ path, message: `is ${value}, which is ${first} already; each has ${this.#what}` });
  }
}

function repeatedNames({ cluster }: Settings): RuleBreach[] {
  const names = new Places("a name of its own");
  const nodeNames = new Places("a name of its own");
  for (const [d, { name, nodes }] of cluster.datacenters.entries()) {
    names.take(name, `the name of datacenter ${d}`, ["cluster", "datacenters", d, "name"]);
    for (const [n, node] of nodes.entries()) {
      nodeNames.take(node.name, `the name of a node of ${name}`, ["cluster", "datacenters", d, "nodes", n, "name"]);
    }
  }
  return [...names.breaches, ...nodeNames.breaches];
}

function repeatedAddresses({ cluster }: Settings): RuleBreach[] {
  const addresses = new Places("an address of its own");
  for (const [d, { nodes }] of cluster.datacenters.entries()) {
    for (const [n, node] of nodes.entries()) {
      for (const port of ["respPort", "httpPort", "peerPort"] as const) {
        const path = ["cluster", "datacenters", d, "nodes", n, port];
        addresses.take(`${node.host}:${node[port]}`, `the ${port} of ${node.name}`, path);
      }
    }
  }
  return addresses.breaches;
}

function tooManyOrigins({ cluster }: Settings): RuleBreach[] {
  const { partitions, datacenters } = cluster;
  const partitionsMax = Math.floor(dependenciesMax / datacenters.length);
  if (partitions <= partitionsMax) return [];
  const message = `is ${partitions}; with ${datacenters.length} datacenters it is at most ${partitionsMax}`;
  return [{ path: ["cluster", "partitions"], message }];
}

function unknownNode({ cluster, node }: Settings): RuleBreach[] {
  const names = cluster.datacenters.flatMap(({ nodes }) => nodes.map(({ name }) => name));
  if (names.includes(node)) return [];
  const meant = nearestWord(node, names);
  const right = meant === undefined ? `it must be one of ${names.slice(0, 20).join(", ")}` : `did you mean ${meant}?`;
  return [{ path: ["node"], message: `is ${node}, which the cluster does not have; ${right}` }];
}

function insecureListens({ listen, password, cluster }: Settings): RuleBreach[] {
  const breaches: RuleBreach[] = [];
  for (const name of ["respHost", "httpHost", "peerHost"] as const) {
    const host = listen[name];
    const needed = name === "peerHost" ? "cluster.secret" : "password";
    const isSet = (name === "peerHost" ? cluster.secret : password) !== undefined;
    if (isLoopback(host) || isSet) continue;
    const message = `is ${host}, which others can reach; set ${needed}, or listen on 127.0.0.1`;
    breaches.push({ path: ["listen", name], message });
  }
  return breaches;
}

function faultsNotAllowed({ wanDelayMs, allowFaults }: Settings): RuleBreach[] {
  if (wanDelayMs === 0 || allowFaults) return [];
  return [{ path: ["wanDelayMs"], message: `is ${wanDelayMs}; it needs allowFaults: true` }];
}
