import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nodeName, portsOf, shapeDefault, shapeProblem, shapeText } from "./shape.ts";

describe("the ports of a development cluster", () => {
  it("tell the node", () => {
    expect(portsOf(7000, 0, 0)).toEqual({ resp: 7000, http: 7030, peer: 7060 });
    expect(portsOf(7000, 2, 1)).toEqual({ resp: 7201, http: 7231, peer: 7261 });
    expect(nodeName(2, 1)).toBe("dc2-n1");
  });

  it("are all different and real, for every shape that is allowed", () => {
    const shape = fc.record({ datacenters: fc.nat(70), nodes: fc.nat(40), partitions: fc.constant(1) });
    const check = (wanted: { datacenters: number; nodes: number; partitions: number }, port: number): void => {
      fc.pre(shapeProblem(wanted, port) === undefined);
      const ports = Array.from({ length: wanted.datacenters }, (_, d) =>
        Array.from({ length: wanted.nodes }, (__, n) => {
          const { resp, http, peer } = portsOf(port, d, n);
          return [resp, http, peer];
        }),
      ).flat(2);
      expect(new Set(ports).size).toBe(3 * wanted.datacenters * wanted.nodes);
      expect(Math.min(...ports)).toBeGreaterThan(0);
      expect(Math.max(...ports)).toBeLessThan(65_536);
    };
    fc.assert(fc.property(shape, fc.integer({ min: -10, max: 70_000 }), check));
  });
});

describe("a shape", () => {
  it("by default is what it should be", () => {
    expect(shapeProblem(shapeDefault, 7000)).toBeUndefined();
    expect(shapeText(shapeDefault)).toBe("3 datacenters, 2 nodes each, 32 partitions");
    expect(shapeText({ datacenters: 1, nodes: 1, partitions: 1 })).toBe("1 datacenter, 1 node, 1 partition");
  });

  it.each([
    [{ datacenters: 0 }, 7000, "--datacenters is 1 to 64, not 0"],
    [{ nodes: 31 }, 7000, "--nodes is 1 to 30, not 31"],
    [{ partitions: 0 }, 7000, "--partitions is 1 to 10922 with 3 datacenters, not 0"],
    [{}, 65_300, "--port is 1 to 65274 for so many nodes, not 65300"],
  ])("that cannot be is refused: %j from port %d", (change, port, problem) => {
    expect(shapeProblem({ ...shapeDefault, ...change }, port)).toBe(problem);
  });
});
