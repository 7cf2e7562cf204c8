import { describe, expect, it } from "vitest";
import { nodeIdOfServer, seedPlacement, serverIdOfNode, serverProblem, wholeNumber } from "./names.ts";

describe("the seed's names", () => {
  it("give each partition of each datacenter one server, and the server one node", () => {
    const placement = seedPlacement({ datacenters: 3, partitions: 4 });
    expect([0, 1, 2].map((datacenter) => serverIdOfNode(placement.owner(datacenter, 3)))).toEqual([3, 1003, 2003]);
    expect(placement.partitionsOf(nodeIdOfServer(2001))).toEqual([1]);
    expect(placement.peersOf(nodeIdOfServer(1002)).map(serverIdOfNode)).toEqual([2, 1000, 1001, 1003, 2002]);
  });

  it.each([
    ["0", 0],
    ["7", 1],
    ["0007", 1],
    ["4294967295", 0],
    ["4294967296", 1],
    ["100000000000000000000000000000000000001", 2],
  ])("put integer key %s into the partition of its remainder", (key, partition) => {
    const placement = seedPlacement({ datacenters: 1, partitions: 3 });
    expect(placement.partitionOfHash(placement.hash(key))).toBe(partition);
    expect(BigInt(key) % 3n).toBe(BigInt(partition));
  });

  it("put other keys somewhere, always the same", () => {
    const placement = seedPlacement({ datacenters: 1, partitions: 3 });
    for (const key of ["", "-1", "1.5", "a"]) {
      const partition = placement.partitionOfHash(placement.hash(key));
      expect(partition).toBe(placement.partitionOfHash(placement.hash(key)));
      expect([0, 1, 2]).toContain(partition);
    }
  });

  it.each([
    [3000, 3, 2, "server 3000 is not one of 3 datacenters with 2 partitions"],
    [2, 3, 2, "server 2 is not one of 3 datacenters with 2 partitions"],
    [0, 0, 2, "there are 1 to 64 datacenters"],
    [0, 3, 257, "there are 1 to 256 partitions"],
    [50_000, 60, 1, "server 50000 would need port 70000, and 65535 is the last"],
    [2001, 3, 2, undefined],
  ])("of server %i among %i datacenters with %i partitions: %s", (id, datacenters, partitions, problem) => {
    expect(serverProblem(id, { datacenters, partitions })).toBe(problem);
  });

  it("are decimal digits", () => {
    const words = ["12", "", "-1", "1.0", "0x1", " 1", "1e3", "9".repeat(16), undefined];
    expect(words.map(wholeNumber)).toEqual([12, ...Array.from({ length: 8 }, () => undefined)]);
  });
});
