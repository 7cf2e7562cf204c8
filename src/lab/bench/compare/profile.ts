/*
 * Where a process spent its time, from the .cpuprofile that Node.js leaves with --cpu-prof: the functions with the most
 * time of their own.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

export interface HotFunction {
  readonly place: string;
  /** Share of the time in which the process did anything at all. */
  readonly share: number;
}

/** The hottest functions of the newest profile in a directory, idle time left out. */
export function hottest(directory: string, count: number): HotFunction[] {
  const name = readdirSync(directory)
    .filter((file) => file.endsWith(".cpuprofile"))
    .toSorted()
    .at(-1);
  if (name === undefined) throw new Error(`no profile in ${directory}`);
  const profile = JSON.parse(readFileSync(join(directory, name), "utf8")) as CpuProfile;
  const places = new Map(profile.nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]));
  const spent = new Map<string, number>();
  let total = 0;
  for (const [i, id] of profile.samples.entries()) {
    const place = places.get(id) ?? "?";
    if (place === "(idle)" || place === "(program)") continue;
    const delta = profile.timeDeltas[i] ?? 0;
    spent.set(place, (spent.get(place) ?? 0) + delta);
    total += delta;
  }
  return [...spent]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, count)
    .map(([place, time]) => ({ place, share: time / total }));
}

function placeOf({ functionName, url, lineNumber }: CpuProfile["nodes"][number]["callFrame"]): string {
  if (url === "") return functionName;
  return `${functionName === "" ? "(anonymous)" : functionName} ${url.split("/").slice(-2).join("/")}:${lineNumber + 1}`;
}
