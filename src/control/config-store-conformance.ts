/*
 * What every adapter of the ConfigStore port keeps, as tests: call `describeConfigStoreConformance` from the adapter's
 * own test file. The harness gives a store of a cluster with at least the nodes of `cluster`.
 */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ConfigStore } from "./config-store.ts";
import { ConfigStoreClosedError, LeaseHeldError, UnknownNodeError } from "./errors.ts";
import type { StaticCluster } from "./static-config-store.ts";
import type { View } from "./view.ts";

export interface ConfigStoreHarness {
  /** A store of that cluster, in its first view. */
  open(cluster: StaticCluster): Promise<ConfigStore>;
  dispose(): Promise<void>;
}

function node(name: string, port: number): StaticCluster["datacenters"][number]["nodes"][number] {
  return { name, host: "127.0.0.1", respPort: port, httpPort: port + 30, peerPort: port + 60 };
}

const cluster: StaticCluster = {
  id: "blue",
  partitions: 8,
  datacenters: [
    { name: "east", nodes: [node("east-0", 7000), node("east-1", 7001)] },
    { name: "west", nodes: [node("west-0", 7100)] },
  ],
};

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** The first view that a watch tells, and the function that ends the watch. */
function firstView(store: ConfigStore): Promise<View> {
  const { promise, resolve } = Promise.withResolvers<View>();
  const stop = store.watch((view) => {
    resolve(view);
    queueMicrotask(() => stop());
  });
  return promise;
}

export function describeConfigStoreConformance(name: string, makeHarness: () => Promise<ConfigStoreHarness>): void {
  describe(`the ${name} keeps the promises of the ConfigStore port`, () => {
    let harness: ConfigStoreHarness;
    let store: ConfigStore;

    beforeEach(async () => {
      harness = await makeHarness();
      store = await harness.open(cluster);
    });

    afterEach(async () => {
      await store.close();
      await harness.dispose();
    });

    it("has a view that tells every member with its id and its ports", async () => {
      const view = await store.view();
      expect([view.cluster, view.partitions, view.number >= 1]).toEqual(["blue", 8, true]);
      const members = view.datacenters.flatMap(({ index, nodes }) => nodes.map((each) => [index, each.id, each.name]));
      expect(members).toEqual([
        [0, 0, "east-0"],
        [0, 1, "east-1"],
        [1, 256, "west-0"],
      ]);
      expect(view.datacenters[1]?.nodes[0]).toMatchObject({ respPort: 7100, httpPort: 7130, peerPort: 7160 });
    });

    it("tells a watcher the newest view first, and not from inside the call", async () => {
      let inside = true;
      let calledInside = false;
      const told = new Promise<View>((resolve) => {
        store.watch((view) => {
          calledInside ||= inside;
          resolve(view);
        });
      });
      inside = false;
      expect(await told).toEqual(await store.view());
      expect(calledInside).toBe(false);
    });

    it("tells a watcher nothing after the watch has ended", async () => {
      const told: View[] = [];
      store.watch((view) => told.push(view))();
      await firstView(store);
      await nextTurn();
      expect(told).toEqual([]);
    });

    it("gives a node's lease to one holder at a time", async () => {
      const lease = await store.lease(1);
      expect(lease.node).toBe(1);
      expect(lease.expiresMs).toBeGreaterThan(Date.now());
      await expect(store.lease(1)).rejects.toThrow(LeaseHeldError);
      const other = await store.lease(256);
      expect(other.node).toBe(256);
    });

    it("gives a lease again once it was released, and tells the holder that it ended", async () => {
      const lease = await store.lease(1);
      await lease.release();
      await lease.release();
      expect(await lease.ended).toBe("released");
      const again = await store.lease(1);
      await lease.release();
      await expect(store.lease(1)).rejects.toThrow(LeaseHeldError);
      await again.release();
    });

    it("gives no lease of a node that nobody knows", async () => {
      await expect(store.lease(77)).rejects.toThrow(UnknownNodeError);
    });

    it("ends leases and watches when it closes, and refuses everything from then on", async () => {
      const told: View[] = [];
      const lease = await store.lease(0);
      store.watch((view) => told.push(view));
      await store.close();
      await store.close();
      expect(await lease.ended).toBe("released");
      await nextTurn();
      expect(told).toEqual([]);
      await expect(store.view()).rejects.toThrow(ConfigStoreClosedError);
      await expect(store.lease(0)).rejects.toThrow(ConfigStoreClosedError);
      expect(() => store.watch(() => undefined)).toThrow(ConfigStoreClosedError);
    });
  });
}
