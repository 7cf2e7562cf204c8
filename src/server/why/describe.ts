/*
 * A report of WHY in plain English, for people (`cops why`, COPS.WHY without JSON).
 */
import type { Whereabouts, WhyDatacenter, WhyDependency, WhyLocation, WhyReport, WhyVersion } from "./report.ts";
import type { ByteString } from "../../shared/bytes.ts";

/** One line each; what belongs to a line above is indented below it. */
export function describeWhy(report: WhyReport): string[] {
  const lines = [`${quoted(report.key)}, in partition ${report.partition}`];
  for (const datacenter of report.datacenters) lines.push(...describeDatacenter(datacenter));
  return lines;
}

/** A duration as people say it. */
function inWords(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 120_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} days`;
}

function describeDatacenter(answer: WhyDatacenter): string[] {
  const { datacenter, node, visible, waiting, waitingMore, missing } = answer;
  const { unreachableSinceMs: since, via } = answer;
  const lost = since === undefined ? "no answer" : `cannot be reached since ${new Date(since).toISOString()}`;
  const unreachable = `${lost} (${node}${answer.detail === undefined ? "" : `: ${answer.detail}`})`;
  if (!answer.reachable) return [`${datacenter}: ${unreachable}`];
  const lines = [`${datacenter}: ${visible === undefined ? "never written here" : `shows ${version(visible)}`}`];
  if (via !== undefined) lines.push(`  asked by way of ${via}; from here it ${unreachable}`);
  if (answer.refusingWrites !== undefined) lines.push(`  ${node} takes in no writes: ${answer.refusingWrites}`);
  for (const write of waiting) {
    lines.push(`  waiting: ${version(write)}, received ${inWords(write.receivedMsAgo)} ago`);
    if (write.detail !== undefined) lines.push(`    held back: ${write.detail}`);
    for (const dependency of write.waitsFor) lines.push(...describeDependency(dependency, "    "));
    if (write.waitsForMore > 0) lines.push(`    and for up to ${write.waitsForMore} more`);
    if (write.waitsFor.length === 0 && write.detail === undefined) lines.push("    all that it waits for is here now");
  }
  if (waitingMore > 0) lines.push(`  and ${waitingMore} more waiting writes of this key, all older`);
  if (missing !== undefined) lines.push(`  not received: ${version(missing)}: ${location(missing, missing.origin)}`);
  return lines;
}

function describeDependency(dependency: WhyDependency, indent: string): string[] {
  const { dot, prefix, origin } = dependency;
  const what = prefix ? `every write up to ${dot}` : dot;
  const line = `${indent}waits for ${what} from ${origin}: ${location(dependency, origin)}`;
  const below = (dependency.waitsFor ?? []).flatMap((inner) => describeDependency(inner, `${indent}  `));
  return [line, ...below];
}

function version({ dot, origin, ageMs, tombstone }: WhyVersion): string {
  return `${dot}, ${tombstone ? "deleted" : "written"} in ${origin} ${inWords(ageMs)} ago`;
}

function location({ where, forMs, detail }: WhyLocation, origin: string): string {
  const duration = forMs === undefined ? "" : ` for ${inWords(forMs)}`;
  return `${placeInWords(where, origin)}${duration}${detail === undefined ? "" : ` (${detail})`}`;
}

function placeInWords(where: Whereabouts, origin: string): string {
  switch (where) {
    case "not-shipped":
      return "not shipped yet";
    case "in-flight":
      return "in flight";
    case "waiting":
      return "received, and itself waiting";
    case "applied":
      return "applied in the meantime";
    case "origin-unreachable":
      return `not received, and ${origin} cannot be reached`;
    case "unknown":
      return "nobody could say where it is";
  }
}

/** Keys may be any bytes: text as such where it is text, the rest escaped. */
function quoted(key: ByteString): string {
  const bytes = Buffer.from(key, "latin1");
  const text = bytes.toString("utf8");
  const isText = Buffer.from(text, "utf8").equals(bytes);
  return JSON.stringify(isText ? text : key);
}
