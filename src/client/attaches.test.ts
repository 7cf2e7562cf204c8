import { describe, expect, it } from "vitest";
import { connected } from "./testing/connected.ts";
import { replyError } from "../protocol/resp/reply-values.ts";

describe("tokens", () => {
  it("carry what a context has seen into a new one", async () => {
    const { time, datacenter, client } = await connected();
    const context = client.createContext();
    await time.until(client.put("a", "1", context));
    const token = await time.until(client.token(context));
    const attached = await time.until(client.attach(token));
    expect(attached.describe()).toEqual(context.describe());
    await time.until(client.put("b", "1", attached));
    expect(datacenter.store.current.get("b")?.dependsOn).toEqual([datacenter.store.current.get("a")?.dot]);
  });

  it("are made when everything before is answered", async () => {
    const { time, datacenter, client } = await connected();
    const put = client.put("a", "1");
    const token = client.token();
    await time.until(put);
    const attached = await time.until(client.attach(await time.until(token)));
    expect(attached.describe().dots).toHaveLength(1);
    expect(datacenter.store.history).toHaveLength(1);
  });

  it("are waited for without holding up anything else", async () => {
    const { time, datacenter, client } = await connected({ nodes: 1 });
    await time.until(client.put("a", "1"));
    const token = await time.until(client.token());
    datacenter.missing.add("0/0/9");
    const attaching = client.attach(token, { timeoutMs: 2_000 });
    await time.run(500);
    expect(await time.until(client.get("a"))).toBe("1");
    datacenter.missing.clear();
    expect((await time.until(attaching)).describe().dots).toHaveLength(1);
  });

  it("whose dots do not arrive in time say so", async () => {
    const { time, datacenter, client } = await connected();
    const token = await time.until(client.token());
    datacenter.missing.add("0/0/9");
    await expect(time.until(client.attach(token, { timeoutMs: 200 }))).rejects.toMatchObject({
      code: "ATTACH_TIMEOUT",
      timeoutMs: 200,
      retryable: true,
    });
    datacenter.missing.clear();
    await time.until(client.attach(token));
  });

  it("that are none are refused with the node's reason", async () => {
    const { time, client } = await connected();
    await expect(time.until(client.attach("nonsense"))).rejects.toMatchObject({
      code: "TOKEN_REFUSED",
      serverCode: "TOKENFORMAT",
    });
  });

  it("are presented again where a node is lost or refuses for now", async () => {
    const { time, datacenter, client } = await connected();
    const token = await time.until(client.token());
    let met = 0;
    for (const node of datacenter.nodes) {
      node.onCommand = () => {
        met++;
        if (met === 1) return { kind: "lost before" };
        return met === 2 ? { kind: "reply", reply: replyError("BUSY too many") } : undefined;
      };
    }
    await time.until(client.attach(token));
    expect(met).toBe(3);
  });

  it("use few connections, and again", async () => {
    const { time, datacenter, client } = await connected({ nodes: 1 });
    const token = await time.until(client.token());
    const before = datacenter.dials.get("10.0.0.1:7000") ?? 0;
    for (let i = 0; i < 10; i++) await time.until(client.attach(token));
    expect(datacenter.dials.get("10.0.0.1:7000")).toBe(before + 1);
    await time.until(Promise.all(Array.from({ length: 100 }, () => client.attach(token))));
    expect(datacenter.nodes[0]?.connections.size).toBeLessThanOrEqual(1 + 16);
    await time.run(50);
    expect(datacenter.nodes[0]?.connections.size).toBe(1 + 2);
  });

  it("can be given up on", async () => {
    const { time, datacenter, client } = await connected({ nodes: 1 });
    const token = await time.until(client.token());
    datacenter.missing.add("0/0/9");
    const controller = new AbortController();
    const attaching = client.attach(token, { signal: controller.signal });
    await time.run(50);
    controller.abort();
    await expect(attaching).rejects.toMatchObject({ code: "ABORTED" });
    await expect(client.attach(token, { signal: controller.signal })).rejects.toMatchObject({ code: "ABORTED" });
    expect(datacenter.nodes[0]?.connections.size).toBe(1);
  });

  it("wait for a node when none is there", async () => {
    const { time, datacenter, client } = await connected();
    const token = await time.until(client.token());
    for (const node of datacenter.nodes) node.crash();
    await time.run(10);
    const attaching = client.attach(token);
    await time.run(300);
    for (const node of datacenter.nodes) node.up = true;
    expect((await time.until(attaching)).describe().dots).toEqual([]);
  });
});
