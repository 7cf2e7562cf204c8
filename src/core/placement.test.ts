import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { datacenterOfNode, indexOfNode, nodeIdOf, Placement } from "./placement.ts";
import { InvariantError } from "../shared/assert.ts";
import { originOf } from "../protocol/version.ts";

const shape = fc.record({
  nodesOf: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 }),
  partitions: fc.integer({ min: 1, max: 20 }),
});

describe("Placement", () => {
  it("gives each partition one owner in each datacenter", () => {
    fc.assert(
      fc.property(shape, ({ nodesOf, partitions }) => {
        const placement = new Placement(nodesOf, partitions);
        nodesOf.forEach((nodes, datacenter) => {
          const owned = Array.from({ length: nodes }, (_, n) => placement.partitionsOf(nodeIdOf(datacenter, n))).flat();
          expect(owned.toSorted((a, b) => a - b)).toEqual(Array.from({ length: partitions }, (_, p) => p));
        });
      }),
    );
  });

  it("makes peers of both or of neither, and of every pair that has anything to tell one another", () => {
    fc.assert(
      fc.property(shape, ({ nodesOf, partitions }) => {
        const placement = new Placement(nodesOf, partitions);
        const nodes = nodesOf.flatMap((count, d) => Array.from({ length: count }, (_, n) => nodeIdOf(d, n)));
        for (const a of nodes) {
          for (const b of nodes) {
            const sameDatacenter = datacenterOfNode(a) === datacenterOfNode(b);
            const common = placement.partitionsOf(a).some((p) => placement.owner(datacenterOfNode(b), p) === b);
            expect(placement.peersOf(a).includes(b)).toBe(a !== b && (sameDatacenter || common));
          }
        }
      }),
    );
  });

  it("names a node by its datacenter and its index there", () => {
    expect(nodeIdOf(3, 7)).toBe(775);
    expect([datacenterOfNode(775), indexOfNode(775)]).toEqual([3, 7]);
  });

  it("places a key by the published hash", () => {
    const placement = new Placement([1], 1024);
    expect(placement.partitionOfHash(placement.hash("photo"))).toBe(placement.hash("photo") % 1024);
    expect(placement.hash("")).toBe(0);
  });

  it("knows the origins of its cluster from others", () => {
    const placement = new Placement([1, 1], 4);
    expect(placement.hasOriginsOf({ dots: [originOf(1, 3), 9], prefixes: [originOf(0, 0), 1] })).toBe(true);
    expect(placement.hasOriginsOf({ dots: [originOf(2, 0), 1], prefixes: [] })).toBe(false);
    expect(placement.hasOriginsOf({ dots: [], prefixes: [originOf(0, 4), 1] })).toBe(false);
  });

  it("refuses shapes that other limits could not carry", () => {
    for (const [nodesOf, partitions] of [
      [[], 1],
      [[0], 1],
      [[257], 1],
      [[1], 0],
      [[1], 16385],
      [[1, 1, 1], 16384],
    ] as const) {
      expect(() => new Placement([...nodesOf], partitions)).toThrow(InvariantError);
    }
  });
});
