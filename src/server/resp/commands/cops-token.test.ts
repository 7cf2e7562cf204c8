import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeToken } from "../../../protocol/causal-token.ts";
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

describe("causal tokens", () => {
  it("carry what a session has seen to another one", async () => {
    await client.call("SET", "k", "1");
    const token = await client.text("COPS.TOKEN");
    const other = clientOf(node);
    expect(await other.call("COPS.ATTACH", token)).toBe("OK");
    const [mine, theirs] = [await client.call("COPS.CONTEXT"), await other.call("COPS.CONTEXT")] as [
      unknown[],
      unknown[],
    ];
    expect(theirs[5]).toEqual(mine[5]);
    expect(theirs[9]).toBeGreaterThanOrEqual(mine[9] as number);
    other.close();
  });

  it("are taken at their place in the pipeline", async () => {
    const replies = await client.pipeline(["SET", "p", "1"], ["COPS.TOKEN"], ["SET", "p", "2"], ["COPS.TOKEN"]);
    expect(new Set(replies).size).toBe(3);
    const seqs: unknown[] = [];
    for (const token of [replies[1], replies[3]] as string[]) {
      const other = clientOf(node);
      await other.call("COPS.ATTACH", token);
      seqs.push(((await other.call("COPS.CONTEXT")) as unknown[])[5]);
      other.close();
    }
    const seqOf = (dots: unknown): number => Number((dots as string[])[0]?.split("/")[2]);
    expect(seqOf(seqs[1])).toBe(seqOf(seqs[0]) + 1);
  });

  it("open into a context, and are made of one", async () => {
    await client.call("SET", "o", "1");
    const token = await client.text("COPS.TOKEN");
    const [context, floor] = (await client.call("COPS.OPENTOKEN", token, "1000")) as [string, number];
    const made = await client.text("COPS.MAKETOKEN", "CONTEXT", context, "FLOOR", String(floor));
    expect(await client.call("COPS.OPENTOKEN", made)).toEqual([context, expect.any(Number)]);
  });

  it("whose dots do not arrive end in TIMEOUT, and the session goes on", async () => {
    const { issuer } = node.server.services;
    const token = encodeToken({ dependencies: { dots: [3, 99], prefixes: [] }, floor: 0, datacenter: 0 }, issuer);
    const replies = await client.pipeline(["COPS.OPENTOKEN", token, "1"], ["COPS.ATTACH", token, "20"], ["PING"]);
    expect(replies).toMatchObject([{ code: "TIMEOUT" }, { code: "TIMEOUT" }, "PONG"]);
    expect(await client.call("SET", "k", "on")).toBe("OK");
  });

  it("are waited for as long as the node is set to, unless the command says", async () => {
    const { issuer, limits } = node.server.services;
    limits.attachTimeoutMs = 1;
    const token = encodeToken({ dependencies: { dots: [3, 99], prefixes: [] }, floor: 0, datacenter: 0 }, issuer);
    expect(await client.error("COPS.ATTACH", token)).toMatch(/^TIMEOUT /);
    expect(await client.error("COPS.OPENTOKEN", token)).toMatch(/^TIMEOUT /);
  });

  it("that are none get their error", async () => {
    expect(await client.error("COPS.ATTACH", "nonsense")).toBe("TOKENFORMAT this is not a causal token");
    expect(await client.error("COPS.OPENTOKEN", "nonsense")).toBe("TOKENFORMAT this is not a causal token");
    const token = await client.text("COPS.TOKEN");
    expect(await client.error("COPS.ATTACH", token.slice(0, -4))).toMatch(/^TOKENCUT /);
    expect(await client.error("COPS.ATTACH", token, "x")).toMatch(/^ERR timeout is not/);
    expect(await client.error("COPS.ATTACH", token, "60001")).toMatch(/^ERR timeout is not/);
    expect(await client.error("COPS.ATTACH", token, "1", "2")).toBe("ERR syntax error");
  });
});
