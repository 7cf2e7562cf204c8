import { describe, expect, it } from "vitest";
import { settingsOf } from "./options.ts";
import { ClientCore } from "./client-core.ts";
import { connected, connectTo } from "./testing/connected.ts";
import { FakeDatacenter, portBase } from "./testing/fake-datacenter.ts";
import { VirtualTime } from "./testing/virtual-time.ts";

describe("routing", () => {
  it("opens one connection to each node of the datacenter", async () => {
    const { datacenter, client } = await connected({ nodes: 3 });
    expect([...datacenter.dials]).toEqual([
      ["10.0.0.1:7000", 1],
      ["10.0.0.1:7001", 1],
      ["10.0.0.1:7002", 1],
    ]);
    expect(client.figures.linksReady).toBe(3);
    expect(client.topology).toMatchObject({ cluster: "album", partitions: 8, datacenter: { name: "ams" } });
  });

  it("sends each operation to the owner of its key", async () => {
    const { time, datacenter, client } = await connected({ nodes: 3 });
    for (const node of datacenter.nodes) {
      await time.until(client.put(datacenter.keyOn(node), "x"));
      await time.until(client.get(datacenter.keyOn(node)));
      expect(node.commands).toHaveLength(2);
    }
    expect(client.figures.forwarded).toBe(0);
  });

  it("goes through another node while the owner cannot be reached from here, and back again", async () => {
    const { time, datacenter, client, events } = await connected();
    const [a, b] = datacenter.nodes;
    if (a === undefined || b === undefined) throw new Error("two nodes");
    for (const connection of a.connections) connection.lose();
    await time.run(5);
    const key = datacenter.keyOn(a);
    await time.until(client.put(key, "x"));
    expect(b.log).toEqual([`COPS.PUTAFTER ${key}`]);
    expect(client.figures.forwarded).toBe(1);
    await time.run(200);
    await time.until(client.get(key));
    expect(a.log).toEqual([`COPS.GETVER ${key}`]);
    const links = events.filter((event) => event.kind === "link-down" || event.kind === "link-up");
    expect(links.map((event) => `${event.kind} ${event.address}`)).toContain("link-down 10.0.0.1:7000");
  });

  it("waits for an owner that is down, and goes on when it is back", async () => {
    const { time, datacenter, client } = await connected();
    const [a] = datacenter.nodes;
    if (a === undefined) throw new Error("two nodes");
    a.crash();
    const put = client.put(datacenter.keyOn(a), "x");
    await time.run(1000);
    a.up = true;
    expect(await time.until(put)).toMatchObject({ written: true });
    expect(client.figures.retries).toBeGreaterThan(0);
  });

  it("takes a node that owes an answer and says nothing for dead", async () => {
    const { time, datacenter, client, events } = await connected({ silenceMs: 300 });
    const [a] = datacenter.nodes;
    if (a === undefined) throw new Error("two nodes");
    a.hung = true;
    const put = client.put(datacenter.keyOn(a), "x");
    await time.run(400);
    expect(events).toContainEqual(
      expect.objectContaining({ kind: "link-down", error: expect.objectContaining({ reason: "silent" }) as unknown }),
    );
    expect(await time.until(put)).toMatchObject({ written: true });
    expect(datacenter.store.history).toHaveLength(1);
  });

  it("leaves a node alone that owes nothing, however long it is silent", async () => {
    const { time, client } = await connected({ silenceMs: 300 });
    await time.run(5_000);
    expect(client.figures.linksReady).toBe(2);
  });

  it("follows the topology: a new node gets a connection, one that is gone loses its own", async () => {
    const { time, datacenter, client, events } = await connected({ nodes: 3 });
    const gone = datacenter.nodes.pop();
    datacenter.view = 2;
    await time.run(40_000);
    expect(client.topology.view).toBe(2);
    expect(client.figures.linksReady).toBe(2);
    expect(gone?.connections.size).toBe(0);
    expect(events.filter((event) => event.kind === "topology")).toHaveLength(2);
  });

  it("asks for the topology when a node is lost", async () => {
    const { time, datacenter, client } = await connected({ nodes: 3 });
    datacenter.view = 2;
    datacenter.nodes[2]?.crash();
    await time.run(1_000);
    expect(client.topology.view).toBe(2);
  });

  it("does not let a node that lags behind take it back", async () => {
    const { time, datacenter, client } = await connected();
    datacenter.view = 0;
    await time.run(40_000);
    expect(client.topology.view).toBe(1);
  });

  it("keeps the topology that it knows when a node tells one of another cluster", async () => {
    const { time, datacenter, client, events } = await connected();
    datacenter.cluster = "another";
    await time.run(40_000);
    expect(client.topology.cluster).toBe("album");
    expect(events).toContainEqual(
      expect.objectContaining({
        kind: "topology-refused",
        error: expect.objectContaining({ code: "WRONG_CLUSTER" }) as unknown,
      }),
    );
  });

  it("refuses a node of another cluster at a known address", async () => {
    const { time, datacenter, client, events } = await connected();
    datacenter.cluster = "another";
    datacenter.nodes[1]?.crash();
    await time.run(10);
    const [, b] = datacenter.nodes;
    if (b === undefined) throw new Error("two nodes");
    b.up = true;
    await time.run(500);
    expect(client.figures.linksReady).toBe(1);
    expect(events).toContainEqual(
      expect.objectContaining({
        kind: "link-down",
        error: expect.objectContaining({ code: "WRONG_CLUSTER" }) as unknown,
      }),
    );
  });

  it("lets a seed go that is no node's own address, once a node's own is ready", async () => {
    const datacenter = new FakeDatacenter(new VirtualTime(), 2, 8);
    const { time, client } = await connectTo(datacenter, { host: "balancer" });
    await time.run(100);
    expect(client.figures.linksReady).toBe(2);
    expect(datacenter.dials.get("balancer:7000")).toBe(1);
    expect([...(datacenter.nodes[0]?.connections ?? [])]).toHaveLength(1);
  });

  it("goes through the seed where the nodes' own addresses cannot be reached", async () => {
    const datacenter = new FakeDatacenter(new VirtualTime(), 1, 8);
    const topology = datacenter.topology();
    datacenter.topology = () => topology.replaceAll('"port":7000', '"port":7500');
    const { time, client } = await connectTo(datacenter);
    await time.run(3_000);
    expect(await time.until(client.put("a", "1"))).toMatchObject({ written: true });
    expect(client.figures).toMatchObject({ linksReady: 1, forwarded: 1 });
    const transaction = client.putTrans([{ kind: "put", key: "a", value: "2" }]);
    expect(await time.until(transaction)).toMatchObject({ written: true });
    expect(await time.until(client.getTrans(["a"]))).toEqual(["2"]);
  });
});

describe("connecting", () => {
  function opening(datacenter: FakeDatacenter, options: object = {}): Promise<void> {
    const settings = settingsOf({ host: "10.0.0.1", port: portBase, ...options });
    const { time } = datacenter;
    return time.until(new ClientCore(settings, datacenter, time).connect(undefined));
  }

  it("fails in time when nobody answers, and says why", async () => {
    const datacenter = new FakeDatacenter(new VirtualTime(), 2, 8);
    for (const node of datacenter.nodes) node.up = false;
    await expect(opening(datacenter, { connectTimeoutMs: 500 })).rejects.toMatchObject({
      code: "TIMEOUT",
      operation: "connect",
      cause: { code: "CONNECTION_LOST", reason: "connect-failed" },
    });
  });

  it("fails at once when no retry will help", async () => {
    const datacenter = new FakeDatacenter(new VirtualTime(), 2, 8);
    for (const node of datacenter.nodes) node.password = "sesame";
    await expect(opening(datacenter)).rejects.toMatchObject({ code: "AUTHENTICATION_FAILED", serverCode: "NOAUTH" });
    await expect(opening(datacenter, { password: "guess" })).rejects.toMatchObject({ serverCode: "WRONGPASS" });
    expect(datacenter.time.nowMs()).toBeLessThan(1_500);
    await opening(datacenter, { password: "sesame" });
  });

  it("fails at once when what answers is no node that it understands", async () => {
    const datacenter = new FakeDatacenter(new VirtualTime(), 1, 8);
    datacenter.topology = () => '{"cluster":"album"}';
    await expect(opening(datacenter)).rejects.toMatchObject({ code: "PROTOCOL_VIOLATION" });
  });

  it("takes whichever seed answers", async () => {
    const datacenter = new FakeDatacenter(new VirtualTime(), 2, 8);
    const [a] = datacenter.nodes;
    if (a === undefined) throw new Error("two nodes");
    a.up = false;
    await opening(datacenter, { seeds: [{ host: "10.0.0.1", port: portBase + 1 }] });
    expect(datacenter.nodes[1]?.connections.size).toBe(1);
  });

  it("does not wait long for nodes that are down", async () => {
    const datacenter = new FakeDatacenter(new VirtualTime(), 3, 8);
    const [, b] = datacenter.nodes;
    if (b === undefined) throw new Error("three nodes");
    b.up = false;
    await opening(datacenter);
    expect(datacenter.time.nowMs()).toBeLessThan(1_100);
  });

  it("can be aborted", async () => {
    const datacenter = new FakeDatacenter(new VirtualTime(), 2, 8);
    const controller = new AbortController();
    datacenter.time.after(1, () => controller.abort(new Error("no more")));
    const settings = settingsOf({ host: "10.0.0.1", port: portBase });
    const { time } = datacenter;
    const core = new ClientCore(settings, datacenter, time);
    await expect(time.until(core.connect(controller.signal))).rejects.toMatchObject({
      code: "ABORTED",
      cause: { message: "no more" },
    });
    await time.run(100);
    expect(core.figures.linksReady).toBe(0);
  });
});
