/*
 * What the core keeps, and what holds it back (core/kept.ts), as metrics. docs/OPERATIONS.md says what each is.
 */
import type { HttpOptions } from "./http-options.ts";
import type { MetricFamily, Sample } from "./metric-family.ts";
import { peerName } from "./replication-families.ts";
import type { Hold, Kept } from "../../core/kept-tally.ts";

export function keptFamilies({ driver, cluster }: HttpOptions): MetricFamily[] {
  const { core } = driver;
  let read: readonly Kept[] = [];
  let readMs = -1;
  // Four families of one scrape, which is one turn: looked at once.
  const kept = (): readonly Kept[] => {
    const { timerMs } = core.state;
    if (timerMs !== readMs) read = core.kept();
    readMs = timerMs;
    return read;
  };
  const family = (name: string, help: string, valueOf: (kept: Kept) => number): MetricFamily => ({
    name,
    help,
    type: "gauge",
    read: () => kept().map((one): Sample => ({ labels: { what: labelOf(one.what) }, value: valueOf(one) })),
  });
  const holder = ({ datacenter, node }: Hold): { datacenter: string; node: string } => ({
    datacenter: datacenter === undefined ? "" : (cluster.datacenters[datacenter]?.name ?? String(datacenter)),
    node: node === undefined ? "" : peerName(cluster, node),
  });
  return [
    family("cops_kept", "What is kept for later: how many", ({ count }) => count),
    family("cops_kept_bytes", "Its bytes; of what is many, estimated from a sample", ({ bytes }) => bytes),
    family("cops_kept_oldest_seconds", "The age of the oldest of it", ({ oldestMs }) => oldestMs / 1_000),
    {
      name: "cops_pinned_snapshots_broken_total",
      help: "Pinned snapshots that ended before their scans: too old, or too much was kept for them",
      type: "counter",
      read: () => core.state.older.pinsBroken,
    },
    {
      name: "cops_kept_held",
      help: "How many of it are held back, by what, and by which datacenter or node where that is known",
      type: "gauge",
      read: () =>
        kept().flatMap(({ what, heldBy }) =>
          heldBy.map((hold): Sample => ({
            labels: { what: labelOf(what), by: labelOf(hold.why), ...holder(hold) },
            value: hold.count,
          })),
        ),
    },
  ];
}

function labelOf(words: string): string {
  return words.replaceAll(/[^a-zA-Z0-9]/g, "_");
}
