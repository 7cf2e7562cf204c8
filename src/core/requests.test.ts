import { describe, expect, it } from "vitest";
import { Requests } from "./requests.ts";
import { Cluster } from "./testing/cluster.ts";
import { conditionAbsent } from "../protocol/messages/forward.ts";
import { effectAssign, Version } from "../protocol/version.ts";
import { requestRetentionMs, requestsMax } from "../shared/limits.ts";

function request(
  number: number,
  answeredBelow = 0,
  client = "client",
): { client: string; number: number; answeredBelow: number } {
  return { client, number, answeredBelow };
}

const answer = { key: "k", version: new Version(effectAssign, "", 1, 0, 0, 1, 1, 1, 0), lsn: 0 };

describe("a numbered write", () => {
  it("repeated, here or at another node of the datacenter, gets its first answer and has no second effect", () => {
    const c = new Cluster({ datacenters: 1, nodes: 2 });
    const first = c.session(0, 0).put("0:x", "1", { request: request(1) });
    c.settle();
    c.session(0, 0).put("0:x", "somebody else's");
    const [here, forwarded] = [
      c.session(0, 0).put("0:x", "1", { request: request(1) }),
      c.session(0, 1).put("0:x", "1", { request: request(1) }),
    ];
    c.settle();
    expect([first.dot, here.dot, forwarded.dot]).toEqual(["0/0/1", "0/0/1", "0/0/1"]);
    expect(c.session(0).get("0:x").value).toBe("somebody else's");
  });

  it("repeated before the first is durable, is answered with it", () => {
    const c = new Cluster({ datacenters: 1 });
    c.node(0).diskHeld = true;
    const puts = [1, 2].map(() => c.session(0).put("0:x", "1", { request: request(1) }));
    c.settle();
    expect(puts.map((put) => put.done)).toEqual([false, false]);
    c.node(0).sync();
    expect(puts.map((put) => put.dot)).toEqual(["0/0/1", "0/0/1"]);
  });

  it("is known again after a crash, from the log as from a checkpoint", () => {
    const c = new Cluster({ datacenters: 1 });
    const node = c.node(0);
    c.session(0).put("0:x", "1", { request: request(1) });
    c.settle();
    for (const keep of ["log", "checkpoint"]) {
      if (keep === "checkpoint") node.checkpoint();
      c.crash(node);
      c.restart(node);
      c.settle();
      const again = c.session(0).put("0:x", "2", { request: request(1) });
      c.settle();
      expect(again.dot).toBe("0/0/1");
      const get = c.session(0).get("0:x");
      c.settle();
      expect(get.value).toBe("1");
    }
  });

  it("below the number up to which the client has its answers is refused", () => {
    const c = new Cluster({ datacenters: 1 });
    const alice = c.session(0);
    alice.put("0:x", "1", { request: request(1) });
    alice.put("0:x", "2", { request: request(2, 2) });
    expect(alice.put("0:x", "1", { request: request(1) }).failure).toBe("STALEREQUEST");
    expect(alice.put("0:other", "1", { request: request(2, 2) }).failure).toBe("STALEREQUEST");
  });

  it("whose condition failed has failed for good, also where a late copy would succeed", () => {
    const c = new Cluster({ datacenters: 1 });
    c.session(0).put("0:x", "1");
    const refused = c.session(0).put("0:x", "2", { request: request(1), condition: conditionAbsent });
    c.session(0).delete("0:x");
    const again = c.session(0).put("0:x", "2", { request: request(1), condition: conditionAbsent });
    c.settle();
    expect([refused.dot, again.dot]).toEqual([undefined, undefined]);
  });

  it("repeated by a session that has read since takes nothing out of its context, here or forwarded", () => {
    const c = new Cluster({ datacenters: 2, nodes: 2 });
    c.cutDatacenters(0, 1);
    c.session(0).put("0:x", "1", { request: request(1) });
    c.session(0).put("0:y", "seen");
    c.settle();
    for (const node of [0, 1]) {
      const back = c.session(0, node);
      back.get("0:y");
      back.put("0:x", "1", { request: request(1) });
      c.settle();
      expect(back.dots).toEqual(["0/0/2", "0/0/1"]);
    }
  });
});

describe("the table of requests", () => {
  it("that is full refuses new numbered writes rather than forget old ones too early; others go on", () => {
    const c = new Cluster({ datacenters: 1 });
    const { requests } = c.node(0).core.head;
    for (let i = 0; i < requestsMax; i++) requests.add(request(i + 10), answer, c.nowMs);
    expect(c.session(0).put("0:x", "1", { request: request(1) }).failure).toBe("BUSY");
    expect(c.session(0).put("0:x", "1").failure).toBeUndefined();
    c.advance(requestRetentionMs + 60_000, 60_000);
    expect(c.session(0).put("0:x", "1", { request: request(1) }).failure).toBeUndefined();
  });
});

describe("Requests", () => {
  it("forgets what a client has, and a client that was silent for long", () => {
    const requests = new Requests();
    for (let i = 1; i <= 3; i++) requests.add(request(i), answer, 1_000);
    requests.add(request(1, 0, "other"), answer, 2_000);
    expect(requests.size).toBe(4);
    requests.touch("client", 3, 2_000);
    expect(requests.size).toBe(2);
    expect(requests.find(request(2))).toBe("forgotten");
    expect(requests.find(request(3))).toBe(answer);
    requests.expire(1_999 + requestRetentionMs);
    expect(requests.clientCount).toBe(2);
    requests.expire(2_000 + requestRetentionMs);
    expect([requests.clientCount, requests.size]).toEqual([0, 0]);
    expect(requests.find(request(3))).toBeUndefined();
  });

  it("keeps the first answer", () => {
    const requests = new Requests();
    requests.add(request(1), answer, 0);
    requests.add(request(1), { ...answer, lsn: 7 }, 0);
    expect(requests.find(request(1))).toBe(answer);
    expect(requests.size).toBe(1);
  });
});
