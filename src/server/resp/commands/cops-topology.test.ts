import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startMemoryNode } from "../testing/memory-node.ts";
import type { MemoryNode } from "../testing/memory-node.ts";
import { clientOf } from "../testing/raw-client.ts";
import type { RawClient } from "../testing/raw-client.ts";

let node: MemoryNode;
let client: RawClient;
beforeAll(async () => {
  node = await startMemoryNode();
  client = clientOf(node);
});
afterAll(async () => {
  client.close();
  await node.close();
});

describe("COPS.TOPOLOGY", () => {
  it("tells who owns what, as a map or as JSON", async () => {
    const topology = JSON.parse(await client.text("COPS.TOPOLOGY", "JSON")) as unknown;
    expect(topology).toMatchObject({
      cluster: "test",
      datacenter: { name: "d0", index: 0 },
      partitions: 8,
      hash: "murmur3_32 seed 0",
      nodes: [
        {
          name: "n0",
          port: node.server.port,
          httpPort: 1,
          datacenter: 0,
          datacenterName: "d0",
          partitions: [0, 1, 2, 3, 4, 5, 6, 7],
        },
      ],
    });
    const map = (await client.call("COPS.TOPOLOGY")) as unknown[];
    expect(map.slice(0, 4)).toEqual(["cluster", "test", "datacenter", ["name", "d0", "index", 0]]);
    expect(await client.error("COPS.TOPOLOGY", "XML")).toBe("ERR syntax error");
  });
});
