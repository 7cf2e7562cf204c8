/*
 * The supervisor of a detached cluster of fake nodes (fake-node.ts): a data directory, a base port, and what the nodes do.
 */
import { fileURLToPath } from "node:url";
import { runInBackground } from "../dev/run-in-background.ts";

const [directory = "", basePort = "", ...behaviour] = process.argv.slice(2);
const fakeNode = fileURLToPath(new URL("fake-node.ts", import.meta.url));

await runInBackground({
  directory,
  shape: { datacenters: 1, nodes: 2, partitions: 4 },
  basePort: Number(basePort),
  wanDelayMs: 0,
  restart: true,
  nodeArguments: () => [fakeNode, ...behaviour],
});
