import { describe, expect, it } from "vitest";
import { connected } from "./testing/connected.ts";
import { replyError } from "../protocol/resp/reply-values.ts";

describe("deadlines", () => {
  it("end an operation that nobody can carry out, with what stood in its way", async () => {
    const { time, datacenter, client } = await connected();
    for (const node of datacenter.nodes) node.crash();
    const read = time.until(client.get("a", undefined, { timeoutMs: 200 }));
    await expect(read).rejects.toMatchObject({ code: "TIMEOUT", operation: "get", timeoutMs: 200, retryable: true });
    expect(client.figures.pendingOperations).toBe(0);
  });

  it("of a put that was never sent leave no doubt: it did not happen", async () => {
    const { time, datacenter, client } = await connected();
    for (const node of datacenter.nodes) node.crash();
    await time.run(10);
    await expect(time.until(client.put("a", "1", undefined, { timeoutMs: 200 }))).rejects.toMatchObject({
      code: "TIMEOUT",
    });
    expect(client.defaultContext.unknownOutcome).toBeUndefined();
  });

  it("of a put that was refused each time leave no doubt either", async () => {
    const { time, datacenter, client } = await connected();
    datacenter.ownerOf("a").onCommand = () => ({ kind: "reply", reply: replyError("READONLY the disk is full") });
    await expect(time.until(client.put("a", "1", undefined, { timeoutMs: 300 }))).rejects.toMatchObject({
      code: "TIMEOUT",
      cause: { code: "SERVER_REFUSED", serverCode: "READONLY" },
    });
    expect(client.defaultContext.unknownOutcome).toBeUndefined();
  });

  it("of a read leave its place in the pipeline to nobody else", async () => {
    const { time, datacenter, client } = await connected({ nodes: 1, silenceMs: 60_000 });
    const [node] = datacenter.nodes;
    if (node === undefined) throw new Error("one node");
    datacenter.store.put("a", "of a");
    datacenter.store.put("b", "of b");
    node.hung = true;
    await expect(time.until(client.get("a", undefined, { timeoutMs: 100 }))).rejects.toMatchObject({ code: "TIMEOUT" });
    const next = client.get("b");
    node.goOn();
    expect(await time.until(next)).toBe("of b");
  });
});

describe("refusals", () => {
  it("that pass are tried again, with pauses that grow and a limit", async () => {
    const { time, datacenter, client, events } = await connected({ retry: { attemptsMax: 4, delayMsMin: 10 } });
    datacenter.ownerOf("a").onCommand = () => ({ kind: "reply", reply: replyError("BUSY too many") });
    await expect(time.until(client.get("a"))).rejects.toMatchObject({
      code: "SERVER_REFUSED",
      serverCode: "BUSY",
      retryable: true,
    });
    const delays = events.flatMap((event) => (event.kind === "retry" ? [event.delayMs] : []));
    expect(delays).toHaveLength(3);
    for (const [n, delayMs] of delays.entries()) {
      expect(delayMs).toBeGreaterThanOrEqual(5 * 2 ** n);
      expect(delayMs).toBeLessThanOrEqual(10 * 2 ** n);
    }
  });

  it("that do not pass are passed on at once", async () => {
    const { time, datacenter, client } = await connected();
    datacenter.ownerOf("a").onCommand = () => ({ kind: "reply", reply: replyError("CLOCKSKEW far ahead") });
    await expect(time.until(client.put("a", "1"))).rejects.toMatchObject({ serverCode: "CLOCKSKEW", retryable: false });
    expect(client.figures.retries).toBe(0);
    expect(client.defaultContext.unknownOutcome).toBeUndefined();
  });

  it("after an attempt that nobody answered for leave the outcome in question", async () => {
    const { time, datacenter, client } = await connected();
    let attempts = 0;
    for (const node of datacenter.nodes) {
      node.onCommand = () =>
        attempts++ === 0 ? { kind: "lost after" } : { kind: "reply", reply: replyError("CLOCKSKEW far ahead") };
    }
    await expect(time.until(client.put("a", "1"))).rejects.toMatchObject({
      code: "UNKNOWN_OUTCOME",
      cause: { serverCode: "CLOCKSKEW" },
    });
  });

  it("by answers that make no sense end the operation", async () => {
    const { time, datacenter, client } = await connected();
    datacenter.ownerOf("a").onCommand = () => ({ kind: "reply", reply: "OK" });
    await expect(time.until(client.get("a"))).rejects.toMatchObject({ code: "PROTOCOL_VIOLATION" });
    await expect(time.until(client.put("a", "1"))).rejects.toMatchObject({ code: "UNKNOWN_OUTCOME" });
  });
});

describe("limits", () => {
  it("of operations refuse one more, and take it when one has finished", async () => {
    const { time, client } = await connected({ pendingOperationsMax: 2 });
    const reads = [client.get("a"), client.get("b")];
    await expect(client.get("c")).rejects.toMatchObject({ code: "BACKPRESSURE", what: "operations", limit: 2 });
    await time.until(Promise.all(reads));
    expect(await time.until(client.get("c"))).toBeNull();
  });

  it("of bytes refuse one more, but never the only one", async () => {
    const { time, client } = await connected({ pendingBytesMax: 1000 });
    const large = client.put("a", "x".repeat(5000));
    await expect(client.get("b")).rejects.toMatchObject({ code: "BACKPRESSURE", what: "bytes", limit: 1000 });
    expect(await time.until(large)).toMatchObject({ written: true });
  });

  it("count what is owed by a node that hangs, also when its operation has ended", async () => {
    const { time, datacenter, client } = await connected({ nodes: 1, pendingOperationsMax: 2, silenceMs: 60_000 });
    const [node] = datacenter.nodes;
    if (node === undefined) throw new Error("one node");
    node.hung = true;
    const reads = ["a", "b"].map((key) => client.get(key, undefined, { timeoutMs: 100 }));
    await time.until(Promise.allSettled(reads));
    expect(client.figures.pendingOperations).toBe(2);
    await expect(client.get("c")).rejects.toMatchObject({ code: "BACKPRESSURE" });
    node.goOn();
    await time.run(10);
    expect(client.figures).toMatchObject({ pendingOperations: 0, pendingBytes: 0 });
  });

  it("of one context are its own", async () => {
    const { time, datacenter, client } = await connected();
    for (const node of datacenter.nodes) node.crash();
    const reads = Array.from({ length: 4096 }, () => client.get("a", undefined, { timeoutMs: 100 }));
    await expect(client.get("a")).rejects.toMatchObject({ code: "BACKPRESSURE", what: "operations of the context" });
    const settled = await time.until(Promise.allSettled(reads));
    expect(settled.every((each) => each.status === "rejected")).toBe(true);
  });

  it("of arguments are told before anything is sent", async () => {
    const { client } = await connected();
    const invalid = { code: "INVALID_ARGUMENT" };
    await expect(client.put("k".repeat(70_000), "x")).rejects.toMatchObject({ ...invalid, argument: "key" });
    await expect(client.put("k", new Uint8Array(33 * 2 ** 20))).rejects.toMatchObject({
      ...invalid,
      argument: "value",
    });
    await expect(client.get("k", undefined, { timeoutMs: 0 })).rejects.toMatchObject({ argument: "timeoutMs" });
    await expect(client.get("k", undefined, { timeoutMs: 60_001 })).rejects.toMatchObject({ argument: "timeoutMs" });
    await expect(client.put("k", "v", undefined, { ifAbsent: true, ifPresent: true })).rejects.toMatchObject(invalid);
    expect(client.figures.operations).toBe(0);
  });
});

describe("aborting", () => {
  it("ends a read, and never begins one whose signal has fired", async () => {
    const { time, client } = await connected();
    const controller = new AbortController();
    const read = client.get("a", undefined, { signal: controller.signal });
    controller.abort(new Error("enough"));
    await expect(read).rejects.toMatchObject({ code: "ABORTED", cause: { message: "enough" } });
    await expect(client.get("a", undefined, { signal: controller.signal })).rejects.toMatchObject({ code: "ABORTED" });
    await time.run(10);
    expect(client.figures.pendingOperations).toBe(0);
  });

  it("leaves a put in question that was sent, and none that was not", async () => {
    const { time, client } = await connected();
    const controller = new AbortController();
    const { signal } = controller;
    const context = client.createContext();
    const sent = client.put("a", "1", undefined, { signal });
    const read = client.get("a", context);
    const waiting = client.put("a", "1", context, { signal });
    controller.abort();
    await expect(sent).rejects.toMatchObject({ code: "UNKNOWN_OUTCOME", cause: { code: "ABORTED" } });
    await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
    await time.until(read);
    // The answer comes after all.
    expect(client.defaultContext.unknownOutcome).toBeUndefined();
  });
});

describe("closing", () => {
  it("lets finish what was accepted, and accepts nothing more", async () => {
    const { time, datacenter, client } = await connected();
    const put = client.put("a", "1");
    const closed = client.close();
    await expect(client.get("a")).rejects.toMatchObject({ code: "CLIENT_CLOSED" });
    expect(await time.until(put)).toMatchObject({ written: true });
    await time.until(closed);
    expect(datacenter.nodes.map((node) => node.connections.size)).toEqual([0, 0]);
    expect(client.figures).toMatchObject({ pendingOperations: 0, pendingBytes: 0, linksReady: 0 });
    await client.close();
  });

  it("settles every promise when its time is up", async () => {
    const { time, datacenter, client } = await connected({ silenceMs: 60_000 });
    for (const node of datacenter.nodes) node.hung = true;
    const context = client.createContext();
    const promises = [
      client.put("a", "1"),
      client.get("a"),
      client.get("b", context),
      client.put("b", "1", context),
      client.token(context),
      client.attach("token 0 00"),
    ].map((promise) => promise.catch((error: unknown) => (error as { code: string }).code));
    await time.run(1);
    await time.until(client.close({ timeoutMs: 50 }));
    expect(await Promise.all(promises)).toEqual([
      "UNKNOWN_OUTCOME",
      "CLIENT_CLOSED",
      "CLIENT_CLOSED",
      "CLIENT_CLOSED",
      "CLIENT_CLOSED",
      "CLIENT_CLOSED",
    ]);
    await expect(client.defaultContext.unknownOutcome?.resolve()).rejects.toMatchObject({ code: "CLIENT_CLOSED" });
    expect(client.figures).toMatchObject({ pendingOperations: 0, pendingBytes: 0 });
  });
});

describe("the event hook", () => {
  it("may throw: out of the event loop, and without disturbing the client", async () => {
    const onEvent = (): void => {
      throw new Error("of the program");
    };
    const { time, client } = await connected({ nodes: 1, onEvent });
    // The link came up, and there is a topology.
    await expect(time.run(5)).rejects.toThrow("of the program");
    await expect(time.run(5)).rejects.toThrow("of the program");
    expect(await time.until(client.get("a"))).toBeNull();
  });
});
