import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ProtocolError } from "./errors.ts";
import { localNodes, parseTopology, partitionOfKey } from "./topology.ts";

const node = { name: "a0", host: "10.0.0.1", port: 7000, datacenter: 0, partitions: [0, 2] };
const sound = {
  cluster: "album",
  datacenter: { name: "ams", index: 0 },
  node: "a0",
  partitions: 4,
  view: 1,
  hash: "murmur3_32 seed 0",
  nodes: [node, { ...node, name: "b0", datacenter: 1, partitions: [] }],
};

describe("a topology", () => {
  it("is read whole, without what this release does not know", () => {
    const topology = parseTopology(JSON.stringify({ ...sound, future: { x: 1 } }));
    expect(topology).not.toHaveProperty("future");
    expect(topology).toMatchObject({ cluster: "album", partitions: 4, view: 1 });
    expect(localNodes(topology)).toEqual([node]);
  });

  it("places keys by murmur3 modulo P", () => {
    const topology = parseTopology(JSON.stringify(sound));
    // The published hash of "hello" with seed 0 is 0x248bfa47.
    expect(partitionOfKey("hello", topology)).toBe(0x248bfa47 % 4);
  });

  it.each([
    ["no object", 5],
    ["no cluster", { ...sound, cluster: undefined }],
    ["no datacenter", { ...sound, datacenter: "ams" }],
    ["no partitions", { ...sound, partitions: 0 }],
    ["too many partitions", { ...sound, partitions: 1e9 }],
    ["an unknown hash", { ...sound, hash: "crc16" }],
    ["nodes that are none", { ...sound, nodes: [5] }],
    ["a port out of range", { ...sound, nodes: [{ ...node, port: 0 }] }],
    ["a partition out of range", { ...sound, nodes: [{ ...node, partitions: [4] }] }],
    ["partitions that are no list", { ...sound, nodes: [{ ...node, partitions: {} }] }],
  ])("with %s is refused", (_what, text) => {
    expect(() => parseTopology(JSON.stringify(text))).toThrow(ProtocolError);
  });

  it("is refused whatever the text is, or sound, and nothing else happens", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(() => parseTopology(text)).toThrow(ProtocolError);
      }),
    );
  });
});
