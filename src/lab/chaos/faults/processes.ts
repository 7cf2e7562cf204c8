/*
 * Processes that are killed, stand still, or are killed again before they have caught up, and the power that goes with them.
 */
import type { Fault, Ground, RunningNode } from "./ground.ts";

/** Longer than the silence after which a peer is given up; now and then longer than a client waits. */
const stopMsChoices = [7_000, 7_000, 7_000, 22_000] as const;
/** What was killed comes back after a second; and clients are to get something done before the next blow. */
const recoverMsMin = 2_500;
const recoverMsMax = 6_000;
const catchUpCutMs = 4_000;
const catchUpKillsMax = 3;

export const kill: Fault = async (ground) => {
  const node = await ground.someNode();
  if (node !== undefined) ground.signal([node], "SIGKILL");
  await recover(ground);
};

function recover(ground: Ground): Promise<void> {
  return ground.pause(ground.between(recoverMsMin, recoverMsMax));
}

export const killMany: Fault = async (ground) => {
  await ground.someNode();
  const running = ground.running();
  const atLeast = Math.min(2, running.length);
  const count = ground.between(atLeast, Math.max(atLeast, running.length - 1));
  ground.signal(ground.several(running, count), "SIGKILL");
  await recover(ground);
};

export const killAll: Fault = async (ground) => {
  await ground.someNode();
  ground.signal(ground.running(), "SIGKILL");
  await recover(ground);
};

export const stop: Fault = async (ground) => {
  const node = await ground.someNode();
  if (node === undefined) return;
  const forMs = ground.random.pick(stopMsChoices);
  ground.signal([node], "SIGSTOP");
  await ground.pause(forMs);
  ground.signal([node], "SIGCONT");
};

/** Cut off while the others go on writing; then killed at moments at which it is taking what it missed, or replaying it. */
export const catchUp: Fault = async (ground) => {
  const { cluster } = ground;
  const datacenters = cluster.datacenters();
  const home = ground.random.pick(datacenters);
  const others = datacenters.filter(({ index }) => index !== home.index);
  ground.print(`cut ${home.name} off, to be killed while it catches up`);
  await Promise.all(others.map(({ index }) => cluster.orderLinks(home.index, index, "cut")));
  await ground.pause(catchUpCutMs);
  ground.print(`heal ${home.name}`);
  await Promise.all(others.map(({ index }) => cluster.orderLinks(home.index, index, "heal", 0, true)));
  let node: RunningNode | undefined = ground.running().find(({ name }) => name.startsWith(`${home.name}-`));
  for (let round = 0; round < catchUpKillsMax && node !== undefined; round++) {
    await ground.pause(ground.between(20, round === 0 ? 500 : 2_000));
    ground.signal([node], "SIGKILL");
    node = await ground.nextProcess(node.name, node.pid);
  }
};

/** One node, a whole datacenter, or all of them. */
export const power: Fault = async (ground) => {
  if ((await ground.someNode()) === undefined) return;
  const nodes = poweredTogether(ground);
  ground.print(`power cut: ${nodes.map(({ name }) => name).join(" ")}`);
  for (const { name } of nodes) ground.cluster.markPowerCut(name, ground.random.next());
  ground.signal(nodes, "SIGKILL");
  await recover(ground);
};

function poweredTogether(ground: Ground): RunningNode[] {
  const running = ground.running();
  const what = ground.random.below(8);
  if (what === 0) return running;
  const one = ground.random.pick(running);
  if (what > 2) return [one];
  const home = ground.cluster.datacenters().find(({ nodes }) => nodes.some(({ name }) => name === one.name));
  return running.filter(({ name }) => home?.nodes.some((node) => node.name === name) === true);
}
