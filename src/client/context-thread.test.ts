import { describe, expect, it } from "vitest";
import type { ClientContext } from "./client-context.ts";
import { UnknownOutcomeError } from "./errors.ts";
import { connected } from "./testing/connected.ts";
import type { Fault } from "./testing/fake-datacenter.ts";
import type { Command } from "./transport.ts";
import { replyError } from "../protocol/resp/reply-values.ts";

function names(context: ClientContext): string[] {
  return context.describe().dots.map(({ datacenter, partition, seq }) => `${datacenter}/${partition}/${seq}`);
}

/** As the record of the fake datacenter has them. */
function sorted(...dots: string[]): string[] {
  return dots.toSorted();
}

/** Meets the first command of this name with the fault, and no other. */
function once(name: string, fault: Fault): (command: Command) => Fault | undefined {
  let met = false;
  return (command) => {
    if (met || command[0] !== name) return undefined;
    met = true;
    return fault;
  };
}

describe("a context", () => {
  it("makes a write depend on what was read since the last write, and then on nothing but the write", async () => {
    const { time, datacenter, client } = await connected();
    const photo = datacenter.store.put("photo", "bytes");
    const caption = datacenter.store.put("caption", "text");
    const context = client.createContext();
    await time.until(client.get("photo", context));
    await time.until(client.get("caption", context));
    const result = await time.until(client.put("album", "photo", context));
    const album = datacenter.store.current.get("album");
    expect(album?.dependsOn).toEqual(sorted(photo.dot, caption.dot));
    expect(result).toMatchObject({
      written: true,
      write: { version: { time: album?.time }, dot: { seq: album?.seq } },
    });
    expect(names(context)).toEqual([album?.dot]);
    await time.until(client.put("album", "again", context));
    expect(datacenter.store.current.get("album")?.dependsOn).toEqual([album?.dot]);
  });

  it("does not take up what is stable, nor what was never written, but takes up tombstones", async () => {
    const { time, datacenter, client } = await connected();
    datacenter.store.stable.add(datacenter.store.put("old", "x").dot);
    const deleted = datacenter.store.put("deleted", null);
    const context = client.createContext();
    expect(await time.until(client.get("old", context))).toBe("x");
    expect(await time.until(client.get("never", context))).toBeNull();
    expect(names(context)).toEqual([]);
    const tombstone = await time.until(client.getVersioned("deleted", context));
    expect(tombstone).toMatchObject({ text: null, tombstone: true, write: { version: { time: deleted.time } } });
    expect(names(context)).toEqual([deleted.dot]);
  });

  it("raises its floor with every clock that it is told, and sends it along", async () => {
    const { time, datacenter, client } = await connected();
    const context = client.createContext();
    const found = await time.until(client.getVersioned("never", context));
    expect(context.describe().floor).toBe(found.clock);
    datacenter.store.clock += 1000;
    await time.until(client.put("a", "1", context));
    expect(datacenter.store.current.get("a")?.floor).toBe(found.clock);
    expect(context.describe().floor).toBeGreaterThan(found.clock + 1000);
  });

  it("knows nothing of what other contexts have seen", async () => {
    const { time, datacenter, client } = await connected();
    await time.until(client.put("mine", "1", client.createContext()));
    await time.until(client.put("yours", "1", client.createContext()));
    await time.until(client.put("default", "1"));
    expect(datacenter.store.current.get("yours")?.dependsOn).toEqual([]);
    expect(datacenter.store.current.get("default")?.dependsOn).toEqual([]);
  });

  it("judges conditions, and depends on what they were judged against", async () => {
    const { time, datacenter, client } = await connected();
    const first = datacenter.store.put("lock", "theirs");
    const context = client.createContext();
    const result = await time.until(client.put("lock", "mine", context, { ifAbsent: true }));
    expect(result).toMatchObject({ written: false, found: { version: { time: first.time } } });
    expect(names(context)).toEqual([first.dot]);
    expect(await time.until(client.delete("lock", context, { ifPresent: true }))).toMatchObject({ written: true });
    expect(await time.until(client.delete("lock", context, { ifPresent: true }))).toMatchObject({ written: false });
    expect(await time.until(client.put("never", "x", context, { ifPresent: true }))).toEqual({
      written: false,
      found: null,
    });
    expect(await time.until(client.put("lock", "mine", context, { ifAbsent: true }))).toMatchObject({ written: true });
  });

  it("allows one outstanding put, and others beside it in contexts of their own", async () => {
    const { time, client } = await connected();
    const context = client.createContext();
    const first = client.put("a", "1", context);
    await expect(client.put("b", "1", context)).rejects.toMatchObject({ code: "CONTEXT_BUSY", outstanding: "write" });
    await expect(client.delete("b", context)).rejects.toMatchObject({ code: "CONTEXT_BUSY" });
    const beside = client.put("b", "1", client.createContext());
    expect(await time.until(Promise.all([first, beside]))).toHaveLength(2);
    expect(await time.until(client.put("b", "2", context))).toMatchObject({ written: true });
  });

  it("lets a put wait for the reads before it, and reads for the put before them", async () => {
    const { time, datacenter, client } = await connected();
    const seen = datacenter.store.put("x", "old");
    const context = client.createContext();
    const before = client.get("x", context);
    const write = client.put("x", "new", context);
    const after = client.get("x", context);
    expect(await time.until(Promise.all([before, write, after]))).toMatchObject(["old", { written: true }, "new"]);
    expect(datacenter.store.current.get("x")?.dependsOn).toEqual([seen.dot]);
  });

  it("pipelines reads to one owner and never overlaps reads to two", async () => {
    const { time, datacenter, client } = await connected();
    const [a, b] = datacenter.nodes;
    if (a === undefined || b === undefined) throw new Error("two nodes");
    const context = client.createContext();
    const reads = [0, 1, 2].map((n) => client.get(datacenter.keyOn(a, n), context));
    const other = client.get(datacenter.keyOn(b), context);
    const last = client.get(datacenter.keyOn(a), context);
    await time.run(1);
    expect([a.commands.length, b.commands.length]).toEqual([3, 0]);
    await time.until(Promise.all(reads));
    await time.run(1);
    expect([a.commands.length, b.commands.length]).toEqual([3, 1]);
    await time.until(Promise.all([other, last]));
    expect(a.commands).toHaveLength(4);
  });

  it("reads in contexts of their own at the same time, from every owner", async () => {
    const { time, datacenter, client } = await connected();
    const keys = datacenter.nodes.flatMap((node) => [datacenter.keyOn(node, 0), datacenter.keyOn(node, 1)]);
    const reads = keys.map((key) => client.get(key, client.createContext()));
    await time.run(1);
    expect(datacenter.nodes.map((node) => node.commands.length)).toEqual([2, 2]);
    await time.until(Promise.all(reads));
  });

  it("asks again when the clock of an answer says that it was judged before the one ahead of it", async () => {
    const { time, datacenter, client } = await connected({ nodes: 1 });
    const node = datacenter.nodes[0];
    if (node === undefined) throw new Error("one node");
    datacenter.store.put("y", "5");
    const old = datacenter.store.read(["COPS.GETVER", "y"]);
    datacenter.store.put("y", "6");
    datacenter.store.put("x", "6");
    // The node judged the read of y first, then both were written, then it judged the read of x.
    let lied = false;
    node.onCommand = (command) => {
      if (lied || command[1] !== "y") return undefined;
      lied = true;
      return { kind: "reply", reply: old };
    };
    const context = client.createContext();
    const both = Promise.all([client.get("x", context), client.get("y", context)]);
    expect(await time.until(both)).toEqual(["6", "6"]);
    expect(client.figures.readsOutOfOrder).toBe(1);
    expect(node.log).toEqual(["COPS.GETVER x", "COPS.GETVER y", "COPS.GETVER y"]);
  });

  it("takes the reads behind a refused one back with it, so that their order stays", async () => {
    const { time, datacenter, client } = await connected({ nodes: 1 });
    const node = datacenter.nodes[0];
    if (node === undefined) throw new Error("one node");
    node.onCommand = once("COPS.GETVER", { kind: "reply", reply: replyError("BUSY too much") });
    const context = client.createContext();
    const reads = Promise.all(["a", "b", "c"].map((key) => client.get(key, context)));
    expect(await time.until(reads)).toEqual([null, null, null]);
    expect(node.log.map((line) => line.slice(-1)).join("")).toBe("abcabc");
    expect(client.figures.pendingOperations).toBe(0);
  });

  it("does not let the pause of a read that is given up hold up those behind it", async () => {
    const { time, datacenter, client } = await connected({ nodes: 1, retry: { delayMsMin: 5_000, delayMsMax: 5_000 } });
    const [node] = datacenter.nodes;
    if (node === undefined) throw new Error("one node");
    node.onCommand = (command) =>
      command[1] === "a" ? { kind: "reply", reply: replyError("BUSY too much") } : undefined;
    const refused = client.get("a", undefined, { timeoutMs: 100 });
    const behind = client.get("b", undefined, { timeoutMs: 1_000 });
    await expect(time.until(refused)).rejects.toMatchObject({ code: "TIMEOUT", cause: { serverCode: "BUSY" } });
    expect(await time.until(behind)).toBeNull();
  });

  it("takes no further operations once it is deleted, and finishes those that it has", async () => {
    const { time, client } = await connected();
    const context = client.createContext();
    const write = client.put("a", "1", context);
    expect(client.deleteContext(context)).toBe(true);
    expect(client.deleteContext(context)).toBe(false);
    await expect(client.get("a", context)).rejects.toMatchObject({ code: "CONTEXT_DELETED" });
    expect(await time.until(write)).toMatchObject({ written: true });
    expect(() => client.deleteContext(client.defaultContext)).toThrow("the default context stays");
  });

  it("is of use to its own client alone", async () => {
    const { client } = await connected();
    const { client: other } = await connected();
    await expect(other.get("a", client.createContext())).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(() => other.deleteContext(client.createContext())).toThrow("another client");
  });
});

describe("a write whose answer got lost", () => {
  it("is repeated under its number and takes effect once", async () => {
    const { time, datacenter, client } = await connected();
    datacenter.ownerOf("a").onCommand = once("COPS.PUTAFTER", { kind: "lost after" });
    expect(await time.until(client.put("a", "1"))).toMatchObject({ written: true });
    expect(datacenter.store.history).toHaveLength(1);
    expect(client.figures.retries).toBe(1);
  });

  it("is repeated with the context that it had at first", async () => {
    const { time, datacenter, client } = await connected();
    const seen = datacenter.store.put("x", "1");
    const context = client.createContext();
    await time.until(client.get("x", context));
    datacenter.ownerOf("a").onCommand = once("COPS.PUTAFTER", { kind: "lost before" });
    await time.until(client.put("a", "1", context));
    expect(datacenter.store.current.get("a")?.dependsOn).toEqual([seen.dot]);
  });

  it("is repeated where the node that forwarded it does not know what became of it", async () => {
    const { time, datacenter, client } = await connected();
    const reply = replyError("UNKNOWNOUTCOME no answer from the owner");
    datacenter.ownerOf("a").onCommand = once("COPS.PUTAFTER", { kind: "reply", reply });
    expect(await time.until(client.put("a", "1"))).toMatchObject({ written: true });
  });

  it("is repeated beyond the limit of attempts, for it may have happened", async () => {
    const { time, datacenter, client } = await connected({ retry: { attemptsMax: 2, delayMsMax: 20 } });
    let lost = 0;
    datacenter.ownerOf("a").onCommand = () =>
      lost++ < 4 ? { kind: "reply", reply: replyError("UNKNOWNOUTCOME x") } : undefined;
    expect(await time.until(client.put("a", "1"))).toMatchObject({ written: true });
    expect(lost).toBe(5);
  });

  it("is in question after its deadline, and its context says so before it writes on", async () => {
    const { time, datacenter, client, events } = await connected({ silenceMs: 60_000 });
    const context = client.createContext();
    datacenter.ownerOf("a").hung = true;
    const error = await time.until(
      client.put("a", "1", context, { timeoutMs: 100 }).catch((thrown: unknown) => thrown),
    );
    expect(error).toBeInstanceOf(UnknownOutcomeError);
    expect(error).toMatchObject({ code: "UNKNOWN_OUTCOME", retryable: false, cause: { code: "TIMEOUT", attempts: 1 } });
    expect(context.unknownOutcome).toMatchObject({ kind: "put", key: "a", state: "unknown", resolvable: true });
    await expect(client.put("b", "1", context)).rejects.toMatchObject({ code: "UNKNOWN_OUTCOME" });
    await expect(client.delete("b", context)).rejects.toMatchObject({ code: "UNKNOWN_OUTCOME" });
    await expect(time.until(client.token(context))).rejects.toMatchObject({ code: "UNKNOWN_OUTCOME" });
    expect(events.map((event) => event.kind)).toContain("outcome-unknown");
    expect(client.figures.outcomesUnknown).toBe(1);
  });
});

/** A context with a put in question, whose node carried it out or not. */
async function inQuestion(fault: "lost before" | "lost after") {
  const scene = await connected();
  const { time, datacenter, client } = scene;
  const before = datacenter.store.put("before", "x");
  const context = client.createContext();
  await time.until(client.get("before", context));
  const node = datacenter.ownerOf("a");
  node.onCommand = once("COPS.PUTAFTER", { kind: fault });
  const put = client.put("a", "1", context, { timeoutMs: 30 });
  await time.run(2);
  node.up = false;
  await expect(time.until(put)).rejects.toMatchObject({ code: "UNKNOWN_OUTCOME" });
  const { unknownOutcome } = context;
  if (unknownOutcome === undefined) throw new Error("the outcome is known");
  return { ...scene, node, context, before, unknownOutcome };
}

describe("a write in question", () => {
  for (const fault of ["lost before", "lost after"] as const) {
    it(`is resolved into one effect when the connection was ${fault} it`, async () => {
      const { time, datacenter, client, node, context, before, unknownOutcome } = await inQuestion(fault);
      node.up = true;
      const later = datacenter.store.put("later", "y");
      expect(await time.until(client.get("later", context))).toBe("y");
      const result = await time.until(unknownOutcome.resolve());
      const written = datacenter.store.history.filter((write) => write.key === "a");
      expect(written).toHaveLength(1);
      expect(written[0]?.dependsOn).toEqual([before.dot]);
      expect(result).toMatchObject({ written: true, write: { dot: { seq: written[0]?.seq } } });
      expect(unknownOutcome).toMatchObject({ state: "known", resolvable: false, result });
      expect(await unknownOutcome.resolve()).toBe(result);
      // What was read since the put is not forgotten: it is not among what the put depends on.
      await time.until(client.put("b", "2", context));
      expect(datacenter.store.current.get("b")?.dependsOn).toEqual(sorted(written[0]?.dot ?? "", later.dot));
    });
  }

  it("stays in question when it cannot be resolved in time", async () => {
    const { time, context, unknownOutcome } = await inQuestion("lost after");
    const resolving = unknownOutcome.resolve({ timeoutMs: 100 });
    await expect(unknownOutcome.resolve()).rejects.toMatchObject({ code: "CONTEXT_BUSY", outstanding: "resolve" });
    await expect(time.until(resolving)).rejects.toMatchObject({ code: "UNKNOWN_OUTCOME", write: unknownOutcome });
    expect(context.unknownOutcome).toBe(unknownOutcome);
  });

  it("can be abandoned: the context goes on with what it had seen", async () => {
    const { time, datacenter, client, node, context, before, unknownOutcome } = await inQuestion("lost after");
    node.up = true;
    unknownOutcome.abandon();
    expect(unknownOutcome.state).toBe("abandoned");
    expect(context.unknownOutcome).toBeUndefined();
    await time.until(client.put("b", "2", context));
    expect(datacenter.store.current.get("b")?.dependsOn).toEqual([before.dot]);
    await expect(unknownOutcome.resolve()).rejects.toMatchObject({ code: "UNKNOWN_OUTCOME" });
  });

  it("is abandoned with its context", async () => {
    const { client, context, unknownOutcome } = await inQuestion("lost before");
    client.deleteContext(context);
    expect(unknownOutcome.state).toBe("abandoned");
  });

  it("cannot be resolved once nodes may have forgotten its number", async () => {
    const { time, context, node, unknownOutcome } = await inQuestion("lost before");
    node.up = true;
    await time.run(400_000);
    expect(unknownOutcome.resolvable).toBe(false);
    await expect(unknownOutcome.resolve()).rejects.toMatchObject({ code: "UNKNOWN_OUTCOME" });
    expect(context.unknownOutcome).toBe(unknownOutcome);
  });

  it("is known when its answer comes late", async () => {
    const { time, datacenter, client, events } = await connected({ silenceMs: 60_000 });
    const context = client.createContext();
    const node = datacenter.ownerOf("a");
    node.onCommand = once("COPS.PUTAFTER", { kind: "late", delayMs: 500 });
    await expect(time.until(client.put("a", "1", context, { timeoutMs: 100 }))).rejects.toThrow(UnknownOutcomeError);
    const write = context.unknownOutcome;
    const resolving = write?.resolve({ timeoutMs: 2000 });
    expect(await time.until(resolving as Promise<unknown>)).toMatchObject({ written: true });
    expect(write).toMatchObject({ state: "known", result: { written: true } });
    expect(context.unknownOutcome).toBeUndefined();
    expect(names(context)).toEqual([datacenter.store.current.get("a")?.dot]);
    expect(events.map((event) => event.kind)).toContain("outcome-known");
    expect(await time.until(client.put("b", "1", context))).toMatchObject({ written: true });
    expect(datacenter.store.history.filter((each) => each.key === "a")).toHaveLength(1);
  });
});
