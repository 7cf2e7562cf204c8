/*
 * `/metrics` for Prometheus. Names begin with `cops_` and say their unit; what only grows ends in `_total`. Durations are in
 * seconds and sizes in bytes, as Prometheus wants them. docs/OPERATIONS.md says which to watch.
 */
import { collectDefaultMetrics, Registry } from "@prometheus-io/client";
import { counterFamilies } from "./counter-families.ts";
import type { HttpOptions } from "./http-options.ts";
import { keptFamilies } from "./kept-families.ts";
import { addFamily, addHistogram } from "./metric-family.ts";
import { nodeFamilies } from "./node-families.ts";
import { replicationFamilies } from "./replication-families.ts";

const secondsOfMicroseconds = 1e-6;

export function metricsRegistry(options: HttpOptions): Registry {
  const registry = new Registry();
  const { core } = options.driver;
  const families = [
    ...nodeFamilies(options),
    ...replicationFamilies(options),
    ...keptFamilies(options),
    ...counterFamilies(core.state.counters),
  ];
  for (const family of families) addFamily(registry, family);
  const sizes = [{ labels: {}, histogram: core.frameSizes }];
  addHistogram(registry, "cops_group_commit_entries", "Log entries per group commit", 1, sizes);
  addLatencies(registry, options);
  collectDefaultMetrics({ register: registry });
  return registry;
}

function addLatencies(registry: Registry, { latencies, appends }: HttpOptions): void {
  if (latencies !== undefined) {
    const kinds = (["read", "write"] as const).map((kind) => ({ labels: { kind }, histogram: latencies[kind] }));
    const help = "From the arrival of a client's operation to its answer, by the turn of the event loop";
    addHistogram(registry, "cops_operation_duration_seconds", help, secondsOfMicroseconds, kinds);
  }
  if (appends === undefined) return;
  const histogram = [{ labels: {}, histogram: appends }];
  const help = "One append to the log, its sync included";
  addHistogram(registry, "cops_log_append_duration_seconds", help, secondsOfMicroseconds, histogram);
}
