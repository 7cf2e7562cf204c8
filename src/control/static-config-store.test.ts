import { describeConfigStoreConformance } from "./config-store-conformance.ts";
import { StaticConfigStore } from "./static-config-store.ts";

describeConfigStoreConformance("static store", async () => ({
  open: async (cluster) => new StaticConfigStore(cluster),
  dispose: async () => undefined,
}));
