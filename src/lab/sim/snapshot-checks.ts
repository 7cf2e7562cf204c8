/*
 * What a snapshot has to be (9), as an observer of the whole cluster can tell:
 *
 *   - what every key showed at one time: the greatest version that was visible by then, and nothing more becomes visible there
 *   - not older than what was there when it began
 *   - a causal cut: what its versions rest on is in it, or beaten by what is
 *   - a transaction is in it whole, or beaten
 */
import { compareVersions } from "../../protocol/version.ts";
import type { Version } from "../../protocol/version.ts";
import { causalChain } from "./causal-chain.ts";
import { check } from "./violation.ts";
import type { Story } from "./violation.ts";
import { describeVersion, dotOf } from "./world-write.ts";
import type { DotKey, WorldWrite } from "./world-write.ts";
import type { World, WorldDatacenter } from "./world.ts";

/** So many writes are looked at behind what a snapshot shows. */
const causesMax = 100;

export interface ShownKey {
  readonly key: string;
  readonly version: Version | undefined;
  /** Where it shows nothing: what ended there and was collected. */
  readonly collected: Version | undefined;
}

/** What the keys show in a datacenter now: nothing older may be in a snapshot that begins now. */
export function currentOf(world: World, datacenter: number, keys: readonly string[]): (Version | undefined)[] {
  const { current } = world.datacenters[datacenter] as WorldDatacenter;
  return keys.map((key) => current.get(key));
}

export function checkSnapshot(
  world: World,
  datacenter: number,
  shown: readonly ShownKey[],
  atStart: readonly (Version | undefined)[],
  time: number,
): void {
  const here = world.datacenters[datacenter] as WorldDatacenter;
  const what = (): string => `a snapshot in datacenter ${datacenter}: ${describeSnapshot(shown)}`;
  let newest = 0;
  for (const [i, { key, version, collected }] of shown.entries()) {
    if (version !== undefined) world.told(datacenter, key, version);
    const before = atStart[i];
    check(
      isAtLeast(version ?? here.collected.get(key), before),
      9,
      () => `${key} was ${describeVersion(before)} before it began, ${what()}`,
    );
    newest = Math.max(newest, version?.visible ?? 0);
    // Nothing is what it shows since this ended.
    if (collected !== undefined && collected.visible <= time) newest = Math.max(newest, collected.visible);
  }
  check(newest <= time, 9, () => `of time ${time}, but something in it became visible at ${newest}, ${what()}`);
  for (const at of new Set([newest, time])) {
    for (const { key, version } of shown) {
      const then = here.history(key).at(at);
      const isSame =
        version === undefined ? isNothing(here, key, then) : isAtLeast(version, then) && isAtLeast(then, version);
      check(isSame, 9, () => `${key} was ${describeVersion(then)} at ${at}, ${what()}`);
      here.history(key).promiseThrough(at, `at or below ${at}, the time of ${what()}`);
    }
  }
  checkWhole(world, shown, what);
  checkCausalCut(world, shown, what);
}

function checkWhole(world: World, shown: readonly ShownKey[], what: () => string): void {
  for (const { version } of shown) {
    const write = version === undefined ? undefined : world.byDot.get(dotOf(version));
    if (write?.isTransaction === true) checkHas(shown, write, what, "a transaction is not seen whole");
  }
}

/** What a snapshot shows of the keys of a write is the write, or beats it. */
function checkHas(
  shown: readonly ShownKey[],
  write: WorldWrite,
  what: () => string,
  why: string,
  story?: () => Story,
): void {
  for (const { key, version, collected } of shown) {
    const part = write.part(key);
    const { name } = part ?? {};
    if (part === undefined || name === undefined) continue;
    check(
      isAtLeast(version ?? collected, name),
      9,
      () => `${why}: ${part.value} of ${key} is missing in ${what()}`,
      story,
    );
  }
}

function checkCausalCut(world: World, shown: readonly ShownKey[], what: () => string): void {
  const keys = new Set(shown.map(({ key }) => key));
  for (const { version } of shown) {
    const effect = version === undefined ? undefined : world.byDot.get(dotOf(version));
    if (effect === undefined) continue;
    for (const dot of causesOf(world, effect)) {
      const cause = world.byDot.get(dot);
      if (cause === undefined || !cause.parts.some(({ key }) => keys.has(key))) continue;
      const story = (): Story => causalChain(world, effect, dot);
      checkHas(shown, cause, what, `${effect.values} is shown without its cause`, story);
    }
  }
}

/** Nearest first. */
function causesOf(world: World, effect: WorldWrite): Set<DotKey> {
  const causes = new Set(effect.dependencies);
  for (const dot of causes) {
    if (causes.size >= causesMax) break;
    for (const further of world.byDot.get(dot)?.dependencies ?? []) causes.add(further);
  }
  return causes;
}

/** Whether nothing was there then, or what was there ended and was collected. */
export function isNothing({ collected }: WorldDatacenter, key: string, then: Version | undefined): boolean {
  return then === undefined || ((then.deleted || then.expiry > 0) && isAtLeast(collected.get(key), then));
}

function isAtLeast(version: Version | undefined, other: Version | undefined): boolean {
  if (other === undefined) return true;
  return version !== undefined && compareVersions(version, other) >= 0;
}

function describeSnapshot(shown: readonly ShownKey[]): string {
  return shown.map(({ key, version }) => `${key} is ${describeVersion(version)}`).join(", ");
}
