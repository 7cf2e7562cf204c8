import { describe, expect, it } from "vitest";
import { topologyOf } from "./topology.ts";
import { StaticConfigStore } from "../control/static-config-store.ts";
import { nodeIdOf, Placement } from "../core/placement.ts";

function nodesNamed(datacenter: number, ...names: readonly string[]) {
  return names.map((name, n) => {
    const respPort = 7000 + 100 * datacenter + n;
    return { name, host: "10.0.0.1", respPort, httpPort: respPort + 30, peerPort: respPort + 60 };
  });
}

const cluster = {
  id: "blue",
  partitions: 4,
  datacenters: [
    { name: "east", nodes: nodesNamed(0, "e0", "e1") },
    { name: "west", nodes: nodesNamed(1, "w0") },
  ],
};

describe("topologyOf", () => {
  it("tells every node of the view, those of the own datacenter first, with what each owns", async () => {
    const view = await new StaticConfigStore(cluster).view();
    const topology = topologyOf(view, nodeIdOf(1, 0), new Placement([2, 1], 4));
    expect(topology).toMatchObject({ cluster: "blue", datacenter: { name: "west", index: 1 }, node: "w0" });
    expect(topology).toMatchObject({ partitions: 4, view: view.number });
    expect(topology.nodes).toEqual([
      { ...at(7100, "w0"), datacenter: 1, datacenterName: "west", partitions: [0, 1, 2, 3] },
      { ...at(7000, "e0"), datacenter: 0, datacenterName: "east", partitions: [0, 2] },
      { ...at(7001, "e1"), datacenter: 0, datacenterName: "east", partitions: [1, 3] },
    ]);
  });
});

function at(port: number, name: string): object {
  return { name, host: "10.0.0.1", port, httpPort: port + 30 };
}
