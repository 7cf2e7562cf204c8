/*
 * The nodes of a cluster as a table: what runs where, how far each is ahead of the other datacenters (lag: the age of the
 * oldest write that is not known to be applied there), what waits for its dependencies, and what is wrong.
 */
import { bytesText, durationText } from "./figures.ts";
import type { NodeReport } from "./node-reports.ts";
import { tableText } from "./tables.ts";
import type { NodeId } from "../core/placement.ts";
import { nodeIdOf } from "../core/placement.ts";
import type { NodeStatus } from "../server/http/status.ts";

const head = ["NODE", "STATE", "PID", "RESP", "HTTP", "UPTIME", "LAG TO", "WAITING", "LOG", "LINKS"];

/** `stateOf` says more than up and down where it is known. */
export function statusTable(reports: readonly NodeReport[], stateOf?: (node: string) => string | undefined): string {
  const names = new Map(reports.map(({ datacenterIndex, datacenter }) => [datacenterIndex, datacenter]));
  const rows = reports.map((report) => {
    const { name, pid, resp, http, status } = report;
    const state = stateOf?.(name) ?? stateText(report);
    const start = [name, state, pid === null ? "-" : String(pid), resp, http];
    return [...start, ...(status === null ? ["-", "-", "-", "-", "-"] : statusCells(status, names))];
  });
  return [tableText(head, rows), ...notes(reports, nodeNames(reports))].join("\n");
}

function stateText({ up, status }: NodeReport): string {
  if (!up) return "down";
  if (typeof status?.refusingWrites === "string") return "read-only";
  return status?.ready === true ? "ready" : "not ready";
}

function statusCells(status: NodeStatus, names: ReadonlyMap<number, string>): string[] {
  const { waiting, links } = status;
  const waitingText = waiting.count === 0 ? "0" : `${waiting.count}, ${durationText(waiting.oldestMs)}`;
  const linksUp = links.filter(({ up }) => up).length;
  return [
    durationText(status.uptimeSeconds * 1000),
    lagText(status, names),
    waitingText,
    bytesText(status.log.bytes),
    `${linksUp}/${links.length}`,
  ];
}

/** One figure for each other datacenter: the worst of the node's streams to it. */
function lagText(status: NodeStatus, names: ReadonlyMap<number, string>): string {
  const lags = lagMsByDatacenter(status);
  return [...lags].map(([index, lagMs]) => `${names.get(index) ?? index} ${durationText(lagMs)}`).join(", ");
}

function lagMsByDatacenter({ shipping }: NodeStatus): Map<number, number> {
  const lags = new Map<number, number>();
  for (const { datacenter, lagMs } of shipping) lags.set(datacenter, Math.max(lags.get(datacenter) ?? 0, lagMs));
  return new Map([...lags].toSorted(([a], [b]) => a - b));
}

/** Links tell their peer by its NodeId; the reports are in the order of indexes. */
export function nodeNames(reports: readonly NodeReport[]): Map<NodeId, string> {
  const names = new Map<NodeId, string>();
  const counts = new Map<number, number>();
  for (const { datacenterIndex, name } of reports) {
    const index = counts.get(datacenterIndex) ?? 0;
    counts.set(datacenterIndex, index + 1);
    names.set(nodeIdOf(datacenterIndex, index), name);
  }
  return names;
}

export function notes(reports: readonly NodeReport[], names: ReadonlyMap<NodeId, string>): string[] {
  const lines = reports.flatMap(({ name, error, status }) => [
    ...(error === null ? [] : [`${name}: ${error}`]),
    ...(typeof status?.refusingWrites === "string" ? [`${name} refuses writes: ${status.refusingWrites}`] : []),
    ...(status?.links ?? []).flatMap(({ up, peer, lastError }) =>
      up
        ? []
        : [
            `${name}: no link to ${names.get(peer) ?? `node ${peer}`}${lastError === undefined ? "" : ` (${lastError})`}`,
          ],
    ),
  ]);
  return lines.length === 0 ? [] : ["", ...lines];
}
