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

async function scanAll(...options: string[]): Promise<string[]> {
  const found: string[] = [];
  for (let cursor = "0"; ;) {
    const [next, keys] = (await client.call("SCAN", cursor, ...options)) as [string, string[]];
    found.push(...keys);
    if (next === "0") return found.toSorted();
    cursor = next;
  }
}

describe("SCAN", () => {
  it("walks all keys, in steps of about COUNT", async () => {
    const names = Array.from({ length: 120 }, (_, i) => `k${i}`).toSorted();
    await client.call("MSET", ...names.flatMap((name) => [name, "v"]));
    expect(await scanAll()).toEqual(names);
    expect(await scanAll("COUNT", "1")).toEqual(names);
    expect(await scanAll("count", "100000")).toEqual(names);
  });

  it("returns what matches a pattern and a type", async () => {
    expect(await scanAll("MATCH", "k11?")).toEqual([
      "k110",
      "k111",
      "k112",
      "k113",
      "k114",
      "k115",
      "k116",
      "k117",
      "k118",
      "k119",
    ]);
    expect(await scanAll("TYPE", "STRING", "MATCH", "k7")).toEqual(["k7"]);
    expect(await scanAll("TYPE", "hash")).toEqual([]);
  });

  it("refuses cursors and options that are none", async () => {
    for (const cursor of ["x", "-1", "1.5", "99999999999999999999", String(8 * 2 ** 32)]) {
      expect(await client.error("SCAN", cursor)).toBe("ERR invalid cursor");
    }
    expect(await client.error("SCAN", "0", "COUNT", "x")).toBe("ERR value is not an integer or out of range");
    expect(await client.error("SCAN", "0", "COUNT", "0")).toBe("ERR syntax error");
    expect(await client.error("SCAN", "0", "COUNT")).toBe("ERR syntax error");
    expect(await client.error("SCAN", "0", "WHAT", "1")).toBe("ERR syntax error");
  });
});
