/*
 * A cluster of one node, as a server among those that are measured.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Target } from "./processes.ts";

const launcher = fileURLToPath(new URL("../../../../bin/cops.js", import.meta.url));

/** Its data and, where it is profiled, its profile are below `root`; it takes this port and the ten above. */
export function singleNode(name: string, root: string, port: number, profile: boolean): Target {
  const config = join(root, "cluster.json");
  const node = { name: "n0", host: "127.0.0.1", respPort: port, httpPort: port + 3, peerPort: port + 4 };
  const settings = {
    cluster: { id: "bench", partitions: 32, datacenters: [{ name: "dc0", nodes: [node] }] },
    dataDirectory: join(root, "data"),
    logLevel: "warn",
  };
  writeFileSync(config, JSON.stringify(settings));
  const profiled = profile ? ["--cpu-prof", "--cpu-prof-dir", root] : [];
  const args = [...profiled, launcher, "server", "--config", config, "--node", "n0"];
  return { name, command: process.execPath, args, port };
}
