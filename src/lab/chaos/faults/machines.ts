/*
 * What a machine does to its node: a disk that fills up, a wall clock that lies.
 */
import { reserveMebibytes } from "../chaos-cluster.ts";
import type { Fault, Ground } from "./ground.ts";

const heldMsMin = 3_000;
const heldMsMax = 7_000;
/** Of a full disk: nothing, less than a start needs, and so much that the next writes meet the reserve. */
const leftMebibytes = [0, 16, reserveMebibytes - 1] as const;

export const disk: Fault = async (ground) => {
  const [name, small] = ground.random.pick([...ground.cluster.disks]);
  const left = ground.random.pick(leftMebibytes);
  ground.print(`disk of ${name}: ${left} MiB left`);
  small.fill(left);
  await ground.pause(ground.between(heldMsMin, heldMsMax));
  ground.print(`disk of ${name}: room again`);
  small.free();
};

/** Within what is borne without a word, and beyond it (`maxSkewMs`). */
const jumpMsMax = 20_000;
const farMs = 90_000;
const driftStepMs = 400;
const driftSteps = 10;
const driftEveryMs = 500;
const restMsMax = 500;

export const clock: Fault = async (ground) => {
  const node = ground.random.pick(ground.cluster.names);
  const kind = ground.random.below(4);
  if (kind === 0) await drift(ground, node);
  else {
    const far = ground.random.chance(0.5) ? farMs : -farMs;
    const near = ground.between(-jumpMsMax, jumpMsMax);
    setClock(ground, node, kind === 1 ? far : near);
    await ground.pause(ground.between(heldMsMin, heldMsMax));
  }
  // It jumps back, and not quite to the right time.
  setClock(ground, node, ground.between(-restMsMax, restMsMax));
};

async function drift(ground: Ground, node: string): Promise<void> {
  const step = ground.random.chance(0.5) ? driftStepMs : -driftStepMs;
  ground.print(`clock of ${node}: drifts to ${step < 0 ? "" : "+"}${driftSteps * step} ms`);
  for (let i = 1; i <= driftSteps; i++) {
    ground.cluster.clocks?.set(node, i * step);
    await ground.pause(driftEveryMs);
  }
}

function setClock(ground: Ground, node: string, offsetMs: number): void {
  ground.print(`clock of ${node}: ${offsetMs < 0 ? "" : "+"}${offsetMs} ms`);
  ground.cluster.clocks?.set(node, offsetMs);
}
