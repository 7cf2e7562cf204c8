/*
 * A family of metrics that is read off the node when somebody asks, and costs nothing until then.
 *
 * They go through the Prometheus client's registry, which writes the text format; the client's own counters and histograms
 * would want to be told of every event, with an object and a string key each.
 */
import type { Metric, Registry } from "@prometheus-io/client";
import type { Histogram } from "../../shared/histogram.ts";

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels?: Labels;
  readonly value: number;
}

export interface MetricFamily {
  /** With its unit last, before `_total` where it only grows: `cops_log_bytes`, `cops_frames_total`. */
  readonly name: string;
  readonly help: string;
  readonly type: "gauge" | "counter";
  /** One number, or one for each set of labels. */
  readonly read: () => number | readonly Sample[];
}

export function addFamily(registry: Registry, { name, help, type, read }: MetricFamily): void {
  add(registry, name, help, type, () => {
    const samples = read();
    const list = typeof samples === "number" ? [{ value: samples }] : samples;
    return list.map(({ labels = {}, value }) => ({ labels, value }));
  });
}

/** `scale` brings the histogram's unit to the metric's: 1e-6 from microseconds to seconds. */
export function addHistogram(
  registry: Registry,
  name: string,
  help: string,
  scale: number,
  histograms: readonly { readonly labels: Labels; readonly histogram: Histogram }[],
): void {
  add(registry, name, help, "histogram", () =>
    histograms.flatMap(({ labels, histogram }) => bucketsOf(name, labels, histogram, scale)),
  );
}

interface Series {
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
  readonly metricName?: string;
}

function bucketsOf(name: string, labels: Labels, histogram: Histogram, scale: number): Series[] {
  let below = 0;
  const buckets: Series[] = [];
  for (const [i, count] of histogram.counts.entries()) {
    below += count;
    // Six digits, or 1.024e-3 would come out as 0.0010239999999999999.
    const le = scale === 1 ? histogram.boundOf(i) : Number((histogram.boundOf(i) * scale).toPrecision(6));
    buckets.push({ metricName: `${name}_bucket`, labels: { ...labels, le }, value: below });
  }
  buckets.push({ metricName: `${name}_bucket`, labels: { ...labels, le: "+Inf" }, value: histogram.count });
  buckets.push({ metricName: `${name}_sum`, labels, value: histogram.sum * scale });
  buckets.push({ metricName: `${name}_count`, labels, value: histogram.count });
  return buckets;
}

/** What the registry asks of a metric: `get` and `reset`, and who it is. */
function add(registry: Registry, name: string, help: string, type: string, read: () => Series[]): void {
  const metric = {
    name,
    help,
    type,
    aggregator: "sum",
    get: () => Promise.resolve({ name, help, type, aggregator: "sum", values: read() }),
    reset: () => undefined,
  };
  registry.registerMetric(metric as unknown as Metric);
}
