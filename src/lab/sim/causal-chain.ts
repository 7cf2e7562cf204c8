/*
 * The causal chain behind a violation, in words: from the effect to the cause that it needs, and on to what the cause rests on.
 * For each write: who wrote it, where it is applied and since which visible time; for each step between two: how the one came
 * to be a cause of the other.
 */
import type { Thread } from "./thread.ts";
import type { Story } from "./violation.ts";
import { describeDot } from "./world-write.ts";
import type { DotKey, WorldWrite } from "./world-write.ts";
import type { World } from "./world.ts";

/** How far it goes beyond the cause. */
const stepsBeyondMax = 3;

export function causalChain(world: World, effect: WorldWrite, cause: DotKey | undefined): Story {
  const chain = [describe(world, effect)];
  const names = new Set(namesOf(effect));
  let from = effect;
  let next = cause ?? effect.dependencies[0];
  for (let step = 0; next !== undefined && step <= stepsBeyondMax; step++) {
    const because = world.byDot.get(next);
    if (because === undefined) break;
    chain.push(`  since ${how(from, because, next)}`, describe(world, because));
    if (step === 0) for (const name of namesOf(because)) names.add(name);
    from = because;
    next = because.dependencies[0];
  }
  return { chain, names: [...names] };
}

function namesOf({ parts, thread }: WorldWrite): string[] {
  return [...parts.flatMap(({ value, key }) => [value, key]), thread.name];
}

function describe(world: World, { parts, thread, dot }: WorldWrite): string {
  const what = `${parts.map(({ value, key }) => `${value} to ${key}`).join(" and ")} by ${thread.name}`;
  if (dot === undefined) return `${what}, not applied anywhere`;
  const places = world.datacenters.map(({ index, applied, missing }) => {
    const visible = applied.get(dot);
    const lacks = [...(missing.get(dot) ?? [])].map(({ value }) => value).join("+");
    return `${index} ${visible === undefined ? "not yet" : `at ${visible}`}${lacks === "" ? "" : ` without ${lacks}`}`;
  });
  return `${what}, ${describeDot(dot)}; visible in datacenter ${places.join(", ")}`;
}

function how(effect: WorldWrite, cause: WorldWrite, dot: DotKey): string {
  const { thread } = effect;
  if (cause.thread === thread) return `${thread.name} had written before it:`;
  return sawItself(thread, effect, dot) ? `${thread.name} had seen:` : `${thread.name} took over from another:`;
}

function sawItself(thread: Thread, effect: WorldWrite, dot: DotKey): boolean {
  return thread.sawAt(effect.step).includes(dot);
}
