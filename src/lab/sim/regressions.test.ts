/*
 * What simulation found, each as the shortest story that shows it (the seed in brackets found it first).
 */
import { describe, expect, it } from "vitest";
import { Cluster } from "../../core/testing/cluster.ts";
import { Outcome } from "../../core/testing/outcome.ts";
import { assign } from "../../core/testing/test-session.ts";
import { conditionAbsent } from "../../protocol/messages/forward.ts";

describe("bugs that simulation found stay away", () => {
  it("a write that was greater than all when it came is overtaken while it waits (4)", () => {
    const c = new Cluster({ datacenters: 2, nodes: 2 });
    const [left, right] = [c.node(0, 0), c.node(1, 0)];
    c.hold(left, right);
    const writer = c.session(0, 0);
    writer.put("0:cause", "1");
    c.settle();
    writer.put("1:effect", "1");
    c.settle();
    expect(c.node(1, 1).core.gate.waitingCount).toBe(1);
    c.advance(100);
    c.session(1, 1).put("1:other", "1");
    c.settle();
    c.release(left, right);
    c.advance(100);
    expect(c.node(1, 1).core.gate.waitingCount).toBe(0);
    expect(c.session(1, 1).get("1:effect").value).toBe("1");
  });

  it("whoever is told of the first write of a frame asks at once about the second (2)", () => {
    const c = new Cluster({ datacenters: 1 });
    const node = c.node(0);
    node.diskHeld = true;
    const session = c.session(0);
    let shownWhenTold: string | undefined;
    const judged = new Outcome(() => {
      shownWhenTold = node.core.state.local(0)?.records.get("0:b")?.current?.value;
    });
    const askAboutSecond = assign("0:b", "3", { condition: conditionAbsent });
    const first = new Outcome(() => session.session.write(askAboutSecond, judged, 0));
    node.turn(() => {
      session.session.write(assign("0:a", "1"), first, 0);
      session.put("0:b", "2");
    });
    node.flush();
    while (node.isSyncing) node.sync();
    expect([judged.old?.value, shownWhenTold]).toEqual(["2", "2"]);
  });

  it("acknowledgements after a checkpoint let the log go further than a restart ships from (61)", () => {
    const c = new Cluster({ datacenters: 2 });
    const [here, there] = [c.node(0), c.node(1)];
    for (let i = 0; i < 5; i++) {
      c.session(0).put("0:x", `${i}`.repeat(3_000_000));
      c.settle();
    }
    const checkpoint = here.turn((core) => core.beginCheckpoint());
    c.advance(1_000);
    while (!here.writeBatch(checkpoint));
    here.truncate(checkpoint);
    c.crash(here);
    c.restart(here);
    c.session(0).put("0:y", "after");
    c.advance(5_000);
    expect(c.session(1).get("0:y").value).toBe("after");
    expect(there.core.gate.waitingCount).toBe(0);
  });

  it("a clock that ran ahead is set right, and timers go on (626)", () => {
    const c = new Cluster({ datacenters: 2 });
    const here = c.node(0);
    here.skewMs = 50_000;
    c.advance(1_000);
    here.skewMs = 0;
    c.session(0).put("0:x", "1");
    c.advance(5_000, 100);
    expect(here.core.state.local(0)?.isStable(0, 1)).toBe(true);
  });

  it("a failed condition that is told again is a cause by what it was judged against (4943)", () => {
    const c = new Cluster({ datacenters: 2 });
    const one = c.session(0).put("0:x", "1");
    c.settle();
    const request = { client: "c", number: 1, answeredBelow: 1 };
    const isAbsent = { condition: conditionAbsent, request } as const;
    c.session(0).put("0:x", "2", isAbsent);
    c.settle();
    c.session(0).put("0:x", "3");
    c.settle();
    const again = c.session(0);
    const told = again.put("0:x", "2", isAbsent);
    c.settle();
    expect(told.old?.value).toBe("1");
    expect(again.dots).toEqual([one.dot]);
  });

  it("the answer to a request of a node's former life is not taken for another one's (42)", () => {
    const c = new Cluster({ datacenters: 1, nodes: 2 });
    const [asker, owner] = [c.node(0, 0), c.node(0, 1)];
    owner.diskHeld = true;
    c.session(0, 0).put("1:old", "former life");
    c.settle();
    c.crash(asker);
    c.restart(asker);
    c.settle();
    const put = c.session(0, 0).put("1:new", "this life");
    c.settle();
    while (owner.isSyncing) owner.sync();
    owner.diskHeld = false;
    c.settle();
    expect(put.version?.value).toBe("this life");
  });
});
