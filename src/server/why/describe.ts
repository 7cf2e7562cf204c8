/*
 * A report of WHY in plain English, for people (`cops why`, COPS.WHY without JSON).
 */
import type {
  Whereabouts,
  WhyDatacenter,
  WhyDependency,
  WhyLocation,
  WhyReport,
  WhyTransaction,
  WhyVersion,
  WhyWaitingWrite,
} from "./report.ts";
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
    lines.push(...describeWaiting(write));
  }
  for (const { forMs, coordinator, detail } of answer.undecided ?? []) {
    lines.push(
      `  a transaction of a client here, by way of ${coordinator}, has been prepared for ${inWords(forMs)}: ${detail}`,
    );
  }
  if (waitingMore > 0) lines.push(`  and ${waitingMore} more waiting writes of this key, all older`);
  if (missing !== undefined) {
    lines.push(`  not received: ${version(missing)}: ${location(missing, missing.origin)}`);
    if (missing.transaction !== undefined) lines.push(`    ${lackInWords(missing.transaction)}`);
  }
  return lines;
}

function describeWaiting(write: WhyWaitingWrite): string[] {
  const { detail, waitsFor, waitsForMore, transaction, part } = write;
  const whole = part === undefined ? "" : `, part ${part.index} of a transaction of ${part.count}`;
  const lines = [`  waiting: ${version(write)}${whole}, received ${inWords(write.receivedMsAgo)} ago`];
  if (detail !== undefined) lines.push(`    held back: ${detail}`);
  if (transaction !== undefined) lines.push(`    ${lackInWords(transaction)}`);
  for (const dependency of waitsFor) lines.push(...describeDependency(dependency, "    "));
  if (waitsForMore > 0) lines.push(`    and for up to ${waitsForMore} more`);
  const isFree = waitsFor.length === 0 && detail === undefined && transaction === undefined;
  return isFree ? [...lines, "    all that it waits for is here now"] : lines;
}

/** `of its 3 parts 0, 2 are here; part 1 of partition 5 is not (for west-1)` */
function lackInWords({ lacks, parts, here, missing, nodes }: WhyTransaction): string {
  switch (lacks) {
    case "dependencies":
      return "the transaction waits for what it depends on";
    case "parts": {
      const gone = missing.map(({ index, partition, node }) => `part ${index} of partition ${partition} (for ${node})`);
      const known = here.length === 0 ? "none is here" : `${here.join(", ")} ${here.length === 1 ? "is" : "are"} here`;
      return `of the transaction's ${parts ?? "unknown number of"} parts ${known}; missing: ${gone.join(", ")}`;
    }
    case "votes":
      return `all parts of the transaction are here; not prepared yet at ${nodes.join(", ")}`;
    case "commits":
      return `the transaction is decided; not committed yet at ${nodes.join(", ")}`;
    case "disk":
      return "the transaction waits for the disk";
  }
}

function describeDependency(dependency: WhyDependency, indent: string): string[] {
  const { dot, prefix, origin } = dependency;
  const what = prefix ? `every write up to ${dot}` : dot;
  const line = `${indent}waits for ${what} from ${origin}: ${location(dependency, origin)}`;
  const whole = dependency.transaction === undefined ? [] : [`${indent}  ${lackInWords(dependency.transaction)}`];
  const below = (dependency.waitsFor ?? []).flatMap((inner) => describeDependency(inner, `${indent}  `));
  return [line, ...whole, ...below];
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
