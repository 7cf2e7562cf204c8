/*
 * What the nodes of a cluster keep for later, and what holds it back, as a table: `cops status --kept`. What nothing is kept
 * of has no line.
 */
import { bytesText, durationText } from "./figures.ts";
import type { NodeReport } from "./node-reports.ts";
import { nodeNames, notes } from "./status-table.ts";
import { tableText } from "./tables.ts";
import type { Hold } from "../core/kept-tally.ts";
import type { NodeId } from "../core/placement.ts";

const head = ["DATACENTER", "NODE", "KEPT", "COUNT", "BYTES", "OLDEST", "HELD BY"];

export function keptTable(reports: readonly NodeReport[]): string {
  const names = nodeNames(reports);
  const datacenters = new Map(reports.map(({ datacenterIndex, datacenter }) => [datacenterIndex, datacenter]));
  const rows = reports.flatMap(({ datacenter, name, status }) => {
    // An older node says nothing of it.
    const kept = (status as Partial<NonNullable<typeof status>> | null)?.kept;
    if (kept === undefined) return [[datacenter, name, "-", "-", "-", "-", "-"]];
    return kept
      .filter(({ count }) => count > 0)
      .map(({ what, count, bytes, oldestMs, heldBy }) => {
        const age = oldestMs === 0 ? "-" : durationText(oldestMs);
        const held = heldBy.map((hold) => holdText(hold, datacenters, names)).join(", ");
        return [datacenter, name, what, String(count), bytesText(bytes), age, held === "" ? "-" : held];
      });
  });
  return [tableText(head, rows), ...notes(reports, names)].join("\n");
}

/** `closed time of west (12)` */
function holdText(
  { why, datacenter, node, count }: Hold,
  datacenters: ReadonlyMap<number, string>,
  names: ReadonlyMap<NodeId, string>,
): string {
  const holder =
    node === undefined
      ? datacenter === undefined
        ? undefined
        : (datacenters.get(datacenter) ?? String(datacenter))
      : (names.get(node) ?? `node ${node}`);
  return `${why}${holder === undefined ? "" : ` of ${holder}`} (${count})`;
}
