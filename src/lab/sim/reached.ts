/*
 * Which rare situations a run reached, so that it can be seen whether the simulation still gets into the corners.
 */
import type { NodeCore } from "../../core/node-core.ts";
import type { Network } from "./network.ts";
import type { SimNode } from "./sim-node.ts";

export class Reached {
  readonly situations: Map<string, number> = new Map();

  count(situation: string, times: number = 1): void {
    if (times > 0) this.situations.set(situation, (this.situations.get(situation) ?? 0) + times);
  }

  /** What a core counted in its life. */
  add(node: SimNode, core: NodeCore): void {
    const counters = Object.entries(core.state.counters) as [string, number][];
    for (const [counter, value] of counters) this.count(counter, value);
    if (node.incarnation > 1) this.count("restarts");
    this.count("checkpoints", node.checkpoints);
    node.checkpoints = 0;
    this.count("files of the log removed", node.disk.filesRemoved);
    this.count("removed files that were back", node.disk.filesBack);
    node.disk.filesRemoved = 0;
    node.disk.filesBack = 0;
  }

  addNetwork(network: Network): void {
    this.count("frames lost", network.framesLost);
    this.count("frames repeated", network.framesRepeated);
    this.count("frames outliving their link", network.framesOutliving);
    this.count("frames queued at a capped link", network.framesQueued);
    this.count("connections broken within a frame", network.framesTorn);
  }

  merge(other: Reached): void {
    for (const [situation, times] of other.situations) this.count(situation, times);
  }
}
