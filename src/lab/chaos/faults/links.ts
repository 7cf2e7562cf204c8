/*
 * Links between datacenters that are cut or slow, through the fault layer of every node (net/fault-layer.ts).
 */
import type { Fault, Ground } from "./ground.ts";

const heldMsMin = 2_000;
const heldMsMax = 7_000;
const delayMsMin = 200;
const delayMsMax = 1_500;

/** Two datacenters from each other, or one from all. */
export const cut: Fault = async (ground) => {
  const [a, b] = ground.twoDatacenters();
  const isolates = ground.random.chance(0.3);
  const pairs = isolates ? othersOf(ground, a).map((other) => [a, other] as const) : [[a, b] as const];
  ground.print(isolates ? `cut ${nameOf(ground, a)} off` : `cut ${nameOf(ground, a)} ${nameOf(ground, b)}`);
  await Promise.all(pairs.map(([from, to]) => ground.cluster.orderLinks(from, to, "cut")));
  await hold(ground, pairs);
};

export const slow: Fault = async (ground) => {
  const [a, b] = ground.twoDatacenters();
  const delayMs = ground.between(delayMsMin, delayMsMax);
  ground.print(`slow ${nameOf(ground, a)} ${nameOf(ground, b)}: ${delayMs} ms each way`);
  await ground.cluster.orderLinks(a, b, "delay", delayMs);
  await hold(ground, [[a, b]]);
};

async function hold(ground: Ground, pairs: readonly (readonly [number, number])[]): Promise<void> {
  await ground.pause(ground.between(heldMsMin, heldMsMax));
  ground.print(`heal ${pairs.map(([a, b]) => `${nameOf(ground, a)} ${nameOf(ground, b)}`).join(", ")}`);
  await Promise.all(pairs.map(([a, b]) => ground.cluster.orderLinks(a, b, "heal", 0, true)));
}

function nameOf(ground: Ground, datacenter: number): string {
  return ground.cluster.datacenters()[datacenter]?.name ?? String(datacenter);
}

function othersOf(ground: Ground, datacenter: number): number[] {
  return ground.cluster.datacenters().flatMap(({ index }) => (index === datacenter ? [] : [index]));
}
