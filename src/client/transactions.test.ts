import { describe, expect, it } from "vitest";
import type { ClientContext } from "./client-context.ts";
import type { ClientError } from "./errors.ts";
import { SnapshotTooOldError, TransactionConflictError, UnknownOutcomeError } from "./errors.ts";
import { snapshotRestartsMax } from "./limits.ts";
import { connected } from "./testing/connected.ts";
import type { Fault } from "./testing/fake-datacenter.ts";
import type { Command } from "./transport.ts";
import { replyError } from "../protocol/resp/reply-values.ts";

function names(context: ClientContext): string[] {
  return context.describe().dots.map(({ datacenter, partition, seq }) => `${datacenter}/${partition}/${seq}`);
}

/** Meets the first commands of this name with these faults, and no others. */
function inTurn(name: string, ...faults: Fault[]): (command: Command) => Fault | undefined {
  return (command) => (command[0] === name ? faults.shift() : undefined);
}

function refusal(text: string): Fault {
  return { kind: "reply", reply: replyError(text) };
}

const tooOld = refusal("SNAPSHOTTOOOLD what was visible then is not kept any more");
const held = refusal("CONFLICT a transaction that is under way holds one of these keys");

function put(key: string, value: string) {
  return { kind: "put", key, value } as const;
}

describe("a read transaction", () => {
  it("gives the values in the order of the keys, of a key that is named twice both times", async () => {
    const { time, datacenter, client } = await connected();
    const { store } = datacenter;
    store.put("a", "of a");
    store.put("gone", null);
    const keys = ["gone", "a", "never", "a"];
    const values = await time.until(client.getTrans(keys));
    expect(values).toEqual([null, "of a", null, "of a"]);
    const sent = datacenter.nodes.flatMap((node) => node.commands);
    expect(sent).toHaveLength(1);
    expect(sent[0]?.slice(3)).toEqual(["gone", "a", "never"]);
    const snapshot = await time.until(client.getTransVersioned([Buffer.from("a"), "gone", "never"]));
    expect(snapshot.values).toMatchObject([
      { text: "of a", tombstone: false, write: { version: { time: store.current.get("a")?.time } } },
      { text: null, tombstone: true },
      { text: null, tombstone: false, write: null, versionText: "none" },
    ]);
    expect(Buffer.from(snapshot.values[0]?.bytes ?? []).toString()).toBe("of a");
    expect(snapshot.time).toBe(store.clock);
  });

  it("adds to the context every dot that is not stable, and raises its floor to the moment that it shows", async () => {
    const { time, datacenter, client } = await connected();
    const { store } = datacenter;
    store.stable.add(store.put("old", "x").dot);
    const dots = [store.put("a", "1").dot, store.putTrans({ b: "2", c: "2" }).dot, store.put("gone", null).dot];
    store.put("touched", "3");
    dots.push(store.expire("touched", time.unixMs() + 60_000).dot);
    const context = client.createContext();
    const keys = ["old", "a", "b", "c", "gone", "never", "touched"];
    const snapshot = await time.until(client.getTransVersioned(keys, context));
    expect(names(context).toSorted()).toEqual(dots.toSorted());
    expect(context.describe().floor).toBe(snapshot.time);
    store.clock += 1000;
    await time.until(client.putTrans([put("d", "4")], context));
    expect(store.current.get("d")?.dependsOn).toEqual(dots.toSorted());
    expect(store.current.get("d")?.floor).toBe(snapshot.time);
  });

  it("sends its floor along, and goes to the node that owns most of the keys", async () => {
    const { time, datacenter, client } = await connected();
    const [a, b] = datacenter.nodes;
    if (a === undefined || b === undefined) throw new Error("two nodes");
    const context = client.createContext();
    const { clock } = await time.until(client.getVersioned("x", context));
    const keys = [datacenter.keyOn(a), datacenter.keyOn(b, 0), datacenter.keyOn(b, 1)];
    await time.until(client.getTrans(keys, context));
    expect(b.commands.at(-1)).toEqual(["COPS.GETTRANS", "FLOOR", String(clock), ...keys]);
    expect(client.figures.forwarded).toBe(0);
    b.crash();
    await expect(
      time.until(client.getTrans([datacenter.keyOn(a), datacenter.keyOn(a, 1)], context)),
    ).resolves.toHaveLength(2);
  });

  it("overlaps with no other operation of its context", async () => {
    const { time, datacenter, client } = await connected({ nodes: 1 });
    const [node] = datacenter.nodes;
    if (node === undefined) throw new Error("one node");
    const context = client.createContext();
    const done: string[] = [];
    const all = [
      client.get("a", context).then(() => done.push("a")),
      client.getTrans(["a", "b"], context).then(() => done.push("ab")),
      client.getTrans(["b"], context).then(() => done.push("b")),
      client.get("c", context).then(() => done.push("c")),
      client.putTrans([put("d", "1")], context).then(() => done.push("d")),
      client.getTrans(["d"], context).then((values) => done.push(String(values))),
    ];
    for (let sent = 1; sent <= all.length; sent++) {
      await time.run(1);
      expect(node.commands).toHaveLength(sent);
      await time.run(1);
    }
    await time.until(Promise.all(all));
    expect(done).toEqual(["a", "ab", "b", "c", "d", "1"]);
  });

  it("begins again by itself when its moment was too long ago, and mixes no two moments", async () => {
    const { time, datacenter, client, events } = await connected({ nodes: 1 });
    const [node] = datacenter.nodes;
    if (node === undefined) throw new Error("one node");
    node.onCommand = inTurn("COPS.GETTRANS", tooOld, tooOld);
    const context = client.createContext();
    expect(await time.until(client.getTrans(["a", "b"], context))).toEqual([null, null]);
    expect(node.commands).toHaveLength(3);
    expect(events.filter((event) => event.kind === "retry")).toMatchObject([
      { operation: "getTrans", error: { code: "SNAPSHOT_TOO_OLD" } },
      { operation: "getTrans", error: { code: "SNAPSHOT_TOO_OLD" } },
    ]);
  });

  it("gives up with an error of its own when it is always too late", async () => {
    const { time, datacenter, client } = await connected({ nodes: 1 });
    const [node] = datacenter.nodes;
    if (node === undefined) throw new Error("one node");
    node.onCommand = () => tooOld;
    const error = await time.until(client.getTrans(["a", "b"]).catch((thrown: unknown) => thrown));
    expect(error).toBeInstanceOf(SnapshotTooOldError);
    expect(error).toMatchObject({ code: "SNAPSHOT_TOO_OLD", retryable: true, restarts: snapshotRestartsMax + 1 });
    expect(node.commands).toHaveLength(snapshotRestartsMax + 1);
    expect(client.figures).toMatchObject({ pendingOperations: 0, pendingBytes: 0 });
  });

  it("is repeated when its answer gets lost, ends at its deadline, and can be aborted", async () => {
    const { time, datacenter, client } = await connected();
    for (const node of datacenter.nodes) node.onCommand = inTurn("COPS.GETTRANS", { kind: "lost after" });
    expect(await time.until(client.getTrans(["a", "b", "c"]))).toEqual([null, null, null]);
    for (const node of datacenter.nodes) node.hung = true;
    const late = client.getTrans(["a"], undefined, { timeoutMs: 100 });
    await expect(time.until(late)).rejects.toMatchObject({ code: "TIMEOUT", operation: "getTrans" });
    const controller = new AbortController();
    const aborted = client.getTrans(["a"], client.createContext(), { signal: controller.signal });
    controller.abort();
    await expect(aborted).rejects.toMatchObject({ code: "ABORTED", operation: "getTrans" });
  });

  it("refuses an answer that makes no sense", async () => {
    const { time, datacenter, client } = await connected();
    for (const node of datacenter.nodes) node.onCommand = () => ({ kind: "reply", reply: [1, 1, []] });
    await expect(time.until(client.getTrans(["a"]))).rejects.toMatchObject({ code: "PROTOCOL_VIOLATION" });
  });
});

describe("a write transaction", () => {
  it("writes and deletes all of it under one version and one dot, and its context depends on that alone", async () => {
    const { time, datacenter, client } = await connected();
    const { store } = datacenter;
    const seen = store.put("seen", "x");
    store.put("old", "x");
    const context = client.createContext();
    await time.until(client.get("seen", context));
    const writes = [put("a", "1"), put("b", "2"), { kind: "delete", key: "old" } as const];
    const result = await time.until(client.putTrans(writes, context));
    const [a, b, old] = ["a", "b", "old"].map((key) => store.current.get(key));
    expect([a?.value, b?.value, old?.value]).toEqual(["1", "2", null]);
    expect(new Set([a?.dot, b?.dot, old?.dot]).size).toBe(1);
    expect(a?.dependsOn).toEqual([seen.dot]);
    expect(result).toMatchObject({
      written: true,
      write: { version: { time: a?.time }, dot: { partition: store.partitionOf("a"), seq: a?.seq } },
    });
    expect(names(context)).toEqual([a?.dot]);
    await time.until(client.put("next", "x", context));
    expect(store.current.get("next")?.dependsOn).toEqual([a?.dot]);
  });

  it("writes nothing when one of its conditions fails", async () => {
    const { time, datacenter, client } = await connected();
    const taken = datacenter.store.put("taken", "x");
    const context = client.createContext();
    const claim = (key: string) => client.putTrans([put("a", "1"), { ...put(key, "mine"), ifAbsent: true }], context);
    expect(await time.until(claim("taken"))).toEqual({ written: false, found: null });
    expect(datacenter.store.current.get("a")).toBeUndefined();
    // Whoever is told that it is taken has seen what took it.
    expect(names(context)).toEqual([taken.dot]);
    expect(await time.until(claim("free"))).toMatchObject({ written: true });
    const absent = client.putTrans([put("b", "1"), { kind: "delete", key: "never", ifPresent: true }], context);
    expect(await time.until(absent)).toMatchObject({ written: false });
  });

  it("goes to the owner of its first key and to nobody else, also when it is repeated", async () => {
    const { time, datacenter, client } = await connected();
    const [a, b] = datacenter.nodes;
    if (a === undefined || b === undefined) throw new Error("two nodes");
    const writes = [put(datacenter.keyOn(a), "1"), put(datacenter.keyOn(b, 0), "1"), put(datacenter.keyOn(b, 1), "1")];
    a.onCommand = inTurn("COPS.PUTTRANS", { kind: "lost after" });
    const transaction = client.putTrans(writes);
    await time.run(2);
    a.up = false;
    const read = client.get(datacenter.keyOn(b), client.createContext());
    await time.until(read);
    await time.run(1000);
    expect(b.log.filter((line) => line.startsWith("COPS.PUTTRANS"))).toEqual([]);
    a.up = true;
    expect(await time.until(transaction)).toMatchObject({ written: true });
    expect(a.commands.map(([name]) => name)).toEqual(["COPS.PUTTRANS", "COPS.PUTTRANS"]);
    expect(a.commands[0]).toEqual(a.commands[1]);
    expect(datacenter.store.history).toHaveLength(3);
  });

  it("is tried again while another transaction holds one of its keys, and says so in the end", async () => {
    const { time, datacenter, client } = await connected({ retry: { attemptsMax: 4 } });
    const node = datacenter.ownerOf("a");
    node.onCommand = inTurn("COPS.PUTTRANS", held, held);
    expect(await time.until(client.putTrans([put("a", "1"), put("b", "1")]))).toMatchObject({ written: true });
    expect(node.commands).toHaveLength(3);
    node.onCommand = () => held;
    const error = await time.until(client.putTrans([put("a", "2")]).catch((thrown: unknown) => thrown));
    expect(error).toBeInstanceOf(TransactionConflictError);
    expect(error).toMatchObject({ code: "TRANSACTION_CONFLICT", retryable: true });
    expect(client.defaultContext.unknownOutcome).toBeUndefined();
    expect(datacenter.store.history).toHaveLength(2);
  });

  it("of which nothing was sent has not happened when its time is up", async () => {
    const { time, datacenter, client } = await connected();
    datacenter.ownerOf("a").crash();
    await time.run(10);
    const late = client.putTrans([put("a", "1")], undefined, { timeoutMs: 200 });
    await expect(time.until(late)).rejects.toMatchObject({ code: "TIMEOUT", operation: "putTrans" });
    expect(client.defaultContext.unknownOutcome).toBeUndefined();
    expect(client.figures.pendingOperations).toBe(0);
  });

  it("counts as the one outstanding write of its context, and leaves no room for more bytes than there is", async () => {
    const { time, client } = await connected({ pendingBytesMax: 1000 });
    const first = client.putTrans([put("a", "x".repeat(500)), put("b", "x".repeat(300))]);
    await expect(client.put("c", "1")).rejects.toMatchObject({ code: "CONTEXT_BUSY", outstanding: "write" });
    const beside = client.getTrans(["a", "b"], client.createContext());
    await expect(beside).rejects.toMatchObject({ code: "BACKPRESSURE", what: "bytes" });
    await time.until(first);
    expect(client.figures).toMatchObject({ pendingOperations: 0, pendingBytes: 0 });
  });
});

/** A transaction in question, whose node carried it out or not. */
async function inQuestion(fault: "lost before" | "lost after") {
  const scene = await connected();
  const { time, datacenter, client } = scene;
  const before = datacenter.store.put("before", "x");
  const context = client.createContext();
  await time.until(client.get("before", context));
  const node = datacenter.ownerOf("a");
  node.onCommand = inTurn("COPS.PUTTRANS", { kind: fault });
  const transaction = client.putTrans([put("a", "1"), put("b", "1")], context, { timeoutMs: 30 });
  await time.run(2);
  node.up = false;
  const error = await time.until(transaction.catch((thrown: unknown) => thrown as ClientError));
  expect(error).toBeInstanceOf(UnknownOutcomeError);
  expect((error as UnknownOutcomeError).message).toContain("the transaction may have taken effect");
  const { unknownOutcome } = context;
  if (unknownOutcome === undefined) throw new Error("the outcome is known");
  return { ...scene, node, context, before, unknownOutcome };
}

describe("a write transaction in question", () => {
  for (const fault of ["lost before", "lost after"] as const) {
    it(`is resolved into one effect when the connection was ${fault} it`, async () => {
      const { time, datacenter, client, node, context, before, unknownOutcome } = await inQuestion(fault);
      expect(unknownOutcome).toMatchObject({ kind: "transaction", key: "a", keys: ["a", "b"], state: "unknown" });
      await expect(client.putTrans([put("c", "1")], context)).rejects.toMatchObject({ code: "UNKNOWN_OUTCOME" });
      node.up = true;
      const later = datacenter.store.put("later", "y");
      expect(await time.until(client.getTrans(["later"], context))).toEqual(["y"]);
      const result = await time.until(unknownOutcome.resolve());
      const written = datacenter.store.history.filter((write) => write.value === "1");
      expect(written.map((write) => write.key)).toEqual(["a", "b"]);
      expect(written[0]?.dependsOn).toEqual([before.dot]);
      expect(result).toMatchObject({ written: true, write: { dot: { seq: written[0]?.seq } } });
      expect(unknownOutcome).toMatchObject({ state: "known", result });
      await time.until(client.put("c", "2", context));
      const expected = [written[0]?.dot ?? "", later.dot].toSorted();
      expect(datacenter.store.current.get("c")?.dependsOn).toEqual(expected);
    });
  }

  it("can be abandoned: the context goes on with what it had seen", async () => {
    const { time, datacenter, client, node, context, before, unknownOutcome } = await inQuestion("lost after");
    node.up = true;
    unknownOutcome.abandon();
    await time.until(client.putTrans([put("c", "2")], context));
    expect(datacenter.store.current.get("c")?.dependsOn).toEqual([before.dot]);
  });

  it("is known when its answer comes late", async () => {
    const { time, datacenter, client } = await connected({ silenceMs: 60_000 });
    datacenter.ownerOf("a").onCommand = inTurn("COPS.PUTTRANS", { kind: "late", delayMs: 500 });
    const late = client.putTrans([put("a", "1"), put("b", "1")], undefined, { timeoutMs: 100 });
    await expect(time.until(late)).rejects.toThrow(UnknownOutcomeError);
    const write = client.defaultContext.unknownOutcome;
    await time.run(600);
    expect(write).toMatchObject({ state: "known", result: { written: true } });
    expect(names(client.defaultContext)).toEqual([datacenter.store.current.get("a")?.dot]);
  });
});
