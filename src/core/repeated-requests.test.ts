/*
 * What is remembered of numbered requests: failed conditions, what was judged, for how long, and what checkpoints keep.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeMeta, restoreMeta } from "./node-meta.ts";
import type { Requests } from "./requests.ts";
import { Cluster } from "./testing/cluster.ts";
import type { TestNode } from "./testing/test-node.ts";
import type { Outcome } from "./testing/outcome.ts";
import type { PutOptions } from "./testing/test-session.ts";
import { conditionAbsent, conditionPresent } from "../protocol/messages/forward.ts";
import { effectAssign, effectDelete, Version } from "../protocol/version.ts";
import type { RequestId } from "../protocol/write.ts";
import { requestRetentionMs } from "../shared/limits.ts";

const dayMs = 86_400_000;

function request(number: number, answeredBelow = 0, client = "client"): RequestId {
  return { client, number, answeredBelow };
}

/** Dot written, and value judged or replaced. */
function told({ state, dot, old }: Outcome): (string | undefined)[] {
  return [state, dot, old?.value];
}

describe("a numbered write whose condition failed", () => {
  it("tells again, here and forwarded, what it was judged against, whatever is there by then", () => {
    const c = new Cluster({ datacenters: 1, nodes: 2 });
    const { counters } = c.node(0).core.state;
    c.session(0).put("0:x", "first");
    c.settle();
    const attempt = (node: number): Outcome => {
      const options: PutOptions = { request: request(1), condition: conditionAbsent, wantOld: true };
      const outcome = c.session(0, node).put("0:x", "never", options);
      c.settle();
      return outcome;
    };
    expect(told(attempt(0))).toEqual(["written", undefined, "first"]);
    c.session(0).put("0:x", "second");
    c.settle();
    for (const node of [0, 1]) expect(told(attempt(node))).toEqual(["written", undefined, "first"]);
    c.session(0).delete("0:x");
    c.settle();
    for (const node of [0, 1]) expect(told(attempt(node))).toEqual(["written", undefined, "first"]);
    expect([counters.conditionsFailed, counters.requestsRepeated, counters.writesLocal]).toEqual([1, 4, 3]);
  });

  it("of a key that was never written has failed for good too, and was judged against nothing", () => {
    const c = new Cluster({ datacenters: 1 });
    const attempt = (): Outcome => {
      const options: PutOptions = { request: request(1), condition: conditionPresent, wantOld: true };
      const outcome = c.session(0).put("0:x", "never", options);
      c.settle();
      return outcome;
    };
    expect(told(attempt())).toEqual(["written", undefined, undefined]);
    c.session(0).put("0:x", "1");
    c.settle();
    expect(told(attempt())).toEqual(["written", undefined, undefined]);
    expect(c.session(0).get("0:x").value).toBe("1");
  });

  it("is told to nobody, the first time or again, before what it was judged against is durable", () => {
    const c = new Cluster({ datacenters: 1 });
    c.node(0).diskHeld = true;
    c.session(0).put("0:x", "1");
    const options: PutOptions = { request: request(1), condition: conditionAbsent, wantOld: true };
    const attempts = [1, 2].map(() => c.session(0).put("0:x", "never", options));
    c.settle();
    expect(attempts.map(({ done }) => done)).toEqual([false, false]);
    c.node(0).sync();
    expect(attempts.map(told)).toEqual([
      ["written", undefined, "1"],
      ["written", undefined, "1"],
    ]);
  });

  it("is a request of its client like others: forgotten once answered, and refused for another key", () => {
    const c = new Cluster({ datacenters: 1 });
    const { requests } = c.node(0).core.head;
    c.session(0).put("0:x", "1");
    c.settle();
    const condition = conditionAbsent;
    c.session(0).put("0:x", "never", { request: request(1), condition });
    expect(requests.size).toBe(1);
    expect(c.session(0).put("0:y", "other", { request: request(1) }).failure).toBe("STALEREQUEST");
    c.session(0).put("0:y", "1", { request: request(2, 2) });
    c.settle();
    expect(c.session(0).put("0:x", "never", { request: request(1), condition }).failure).toBe("STALEREQUEST");
    expect(requests.size).toBe(1);
  });
});

describe("a numbered write that wanted the old value", () => {
  it("tells the same old value again, here and forwarded, and durable first", () => {
    const c = new Cluster({ datacenters: 1, nodes: 2 });
    c.session(0).put("0:x", "old");
    c.settle();
    c.node(0).diskHeld = true;
    const attempt = (node: number): Outcome =>
      c.session(0, node).put("0:x", "new", { request: request(1), wantOld: true });
    const early = [attempt(0), attempt(0), attempt(1)];
    c.settle();
    expect(early.map(({ done }) => done)).toEqual([false, false, false]);
    c.node(0).diskHeld = false;
    c.settle();
    c.session(0).put("0:x", "newer");
    c.settle();
    const late = [attempt(0), attempt(1)];
    c.settle();
    for (const outcome of [...early, ...late]) expect(told(outcome)).toEqual(["written", "0/0/2", "old"]);
  });
});

describe("how long requests are remembered", () => {
  function written(): { c: Cluster; node: TestNode; requests: Requests } {
    const c = new Cluster({ datacenters: 1 });
    const node = c.node(0);
    node.core.setNow(c.nowMs, 1_000);
    c.session(0).put("0:x", "1", { request: request(1) });
    c.session(0).put("0:x", "2", { request: request(2), condition: conditionAbsent });
    c.settle();
    return { c, node, requests: node.core.head.requests };
  }

  it("does not depend on the wall clock: a day forward and back forgets nothing", () => {
    const { c, node, requests } = written();
    const { timerMs } = node.core.state;
    for (const jump of [dayMs, -dayMs, 0]) {
      node.core.setNow(c.nowMs + jump, timerMs + 10);
      node.core.tick();
      expect([requests.clientCount, requests.size]).toEqual([1, 2]);
    }
  });

  it("ends with the retention on the steady clock, though the wall clock stands still", () => {
    const { c, node, requests } = written();
    const { timerMs } = node.core.state;
    node.core.setNow(c.nowMs, timerMs + requestRetentionMs - 1);
    node.core.tick();
    expect(requests.size).toBe(2);
    node.core.setNow(c.nowMs, timerMs + requestRetentionMs);
    node.core.tick();
    expect([requests.clientCount, requests.size]).toEqual([0, 0]);
  });

  it("is counted from a client's last use, also where others came between", () => {
    const { requests } = new Cluster({ datacenters: 1 }).node(0).core.head;
    requests.touch("first", 0, 0);
    requests.touch("second", 0, 1_000);
    requests.touch("first", 0, 2_000);
    requests.expire(1_000 + requestRetentionMs);
    expect([...requests.clients()].map(([id]) => id)).toEqual(["first"]);
  });

  it("begins anew with a restart, whatever the clocks say by then", () => {
    for (const from of ["log", "checkpoint"]) {
      const { c, node } = written();
      if (from === "checkpoint") node.checkpoint();
      c.crash(node);
      node.skewMs = -dayMs;
      c.restart(node);
      c.settle();
      const { core } = node;
      const { timerMs } = core.state;
      core.setNow(c.nowMs, timerMs + requestRetentionMs - 1);
      core.tick();
      expect(core.head.requests.find(request(1))).toMatchObject({ key: "0:x", lsn: 0 });
      core.setNow(c.nowMs, timerMs + requestRetentionMs);
      core.tick();
      expect(core.head.requests.clientCount).toBe(0);
    }
  });
});

describe("what a checkpoint keeps of requests", () => {
  const client = fc.record({
    answeredBelow: fc.nat({ max: 10 }),
    writes: fc.array(
      fc.record({
        number: fc.nat({ max: 20 }),
        outcome: fc.constantFrom("written", "deleted", "failed", "not durable"),
        seq: fc.integer({ min: 1, max: 1_000 }),
      }),
      { maxLength: 6 },
    ),
  });

  it("are the durable writes of every client, in the order of their last use, and what each has answers for", () => {
    fc.assert(
      fc.property(fc.array(client, { maxLength: 5 }), (clients) => {
        const before = new Cluster({ datacenters: 2 }).node(0).core;
        const after = new Cluster({ datacenters: 2 }).node(0).core;
        const { requests } = before.head;
        clients.forEach(({ answeredBelow, writes }, index) => {
          const id = `client ${index}`;
          requests.touch(id, answeredBelow, index);
          for (const { number, outcome, seq } of writes) {
            if (number < answeredBelow) continue;
            const effect = outcome === "deleted" ? effectDelete : effectAssign;
            const version = new Version(effect, "", seq * 7, 1, 2, seq, seq * 7, 0, 0);
            const lsn = outcome === "not durable" ? before.state.proposals.durableLsn + 1 : 0;
            const answer = { key: `0:${number}`, version: outcome === "failed" ? undefined : version, lsn };
            requests.add({ client: id, number, answeredBelow }, answer, index);
          }
        });
        restoreMeta(after, encodeMeta(before, 0));
        const durable = before.state.proposals.durableLsn;
        const kept = contents(requests, (version, lsn) => version !== undefined && lsn <= durable);
        expect(contents(after.head.requests, () => true)).toEqual(kept);
        expect(after.head.requests.size).toBe(kept.reduce((sum, [, , written]) => sum + written.length, 0));
      }),
      { numRuns: 60 },
    );
  });
});

type Contents = [client: string, answeredBelow: number, written: (string | number | undefined)[][]][];

function contents(requests: Requests, isKept: (version: Version | undefined, lsn: number) => boolean): Contents {
  return [...requests.clients()].map(([id, { answeredBelow, requests: answered }]) => [
    id,
    answeredBelow,
    [...answered]
      .filter(([, { version, lsn }]) => isKept(version, lsn))
      .map(([number, { key, version: v }]) => [number, key, v?.effect, v?.datacenter, v?.partition, v?.seq, v?.time]),
  ]);
}
