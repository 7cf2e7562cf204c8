import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WhyReport } from "../providers.ts";
import { startMemoryNode } from "../testing/memory-node.ts";
import type { MemoryNode } from "../testing/memory-node.ts";
import { clientOf } from "../testing/raw-client.ts";
import type { RawClient } from "../testing/raw-client.ts";
import { utf8TextOf } from "../utf8-text.ts";

async function why(key: string): Promise<WhyReport> {
  const visible = { origin: "east", dot: "0/3/9", time: 4096, tombstone: false, ageMs: 12 };
  return {
    key,
    partition: 3,
    datacenters: [
      { datacenter: "east", reachable: true, visible, waiting: [] },
      { datacenter: "west", reachable: false, unreachableSinceMs: 1_760_000_000_000, waiting: [] },
    ],
  };
}

let node: MemoryNode;
let client: RawClient;
beforeAll(async () => {
  node = await startMemoryNode({ server: { why } });
  client = clientOf(node);
});
afterAll(async () => {
  client.close();
  await node.close();
});

describe("COPS.WHY", () => {
  it("answers the report as JSON", async () => {
    const report = JSON.parse(utf8TextOf(await client.text("COPS.WHY", "k\u00c3\u00a4", "JSON"))) as WhyReport;
    expect(report).toEqual(await why("kä"));
  });

  it("answers the report as a map, without what is not known", async () => {
    const map = (await client.call("COPS.WHY", "k")) as unknown[];
    expect(map.slice(0, 4)).toEqual(["key", "k", "partition", 3]);
    const datacenters = map[5] as unknown[][];
    expect(datacenters[1]).toEqual([
      "datacenter",
      "west",
      "reachable",
      0,
      "unreachableSinceMs",
      1_760_000_000_000,
      "waiting",
      [],
    ]);
  });

  it("refuses what it does not know", async () => {
    expect(await client.error("COPS.WHY", "k", "XML")).toBe("ERR syntax error");
    expect(await client.error("COPS.WHY")).toBe("ERR wrong number of arguments for 'cops.why' command");
  });
});
