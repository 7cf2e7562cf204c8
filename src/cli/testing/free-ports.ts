/*
 * A base port whose development cluster of one datacenter with a few nodes finds all its ports free. Development clusters
 * have fixed ports, so the operating system cannot give them out one by one.
 */
import { busyPorts } from "../dev/busy-ports.ts";
import { clusterFileOf, newDevConfig } from "../dev/dev-config.ts";
import type { ClusterShape } from "../dev/shape.ts";

const TRIES_MAX = 100;

export async function freeBasePort(shape: ClusterShape): Promise<number> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const basePort = 24_000 + Math.floor(Math.random() * 6_000);
    const busy = await busyPorts(clusterFileOf(newDevConfig(shape.partitions), shape, basePort));
    if (busy.length === 0) return basePort;
  }
  throw new Error(`no room for ${shape.datacenters} datacenters in ${TRIES_MAX} tries`);
}
