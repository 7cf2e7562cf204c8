/*
 * The faults of chaos, by name and in words, and which of them this machine can bring about.
 */
import { fakeTimeLibrary } from "./lying-clocks.ts";
import { SmallDisk } from "./small-disk.ts";

export const faultKinds = [
  "kill",
  "kill-many",
  "kill-all",
  "stop",
  "cut",
  "slow",
  "disk",
  "clock",
  "catch-up",
  "power",
] as const;
export type FaultKind = (typeof faultKinds)[number];

export const faultWords: Readonly<Record<FaultKind, string>> = {
  kill: "one node, kill -9",
  "kill-many": "several nodes at once, kill -9",
  "kill-all": "every node at once, kill -9",
  stop: "a node stands still (SIGSTOP) for longer than any timeout between nodes, then goes on",
  cut: "the links between two datacenters, or of one with all others, are cut",
  slow: "the links between two datacenters take up to 1.5 s each way",
  disk: "a node's disk is full, or nearly so, and has room again later",
  clock: "a node's wall clock jumps to and fro, drifts, or is far ahead or behind",
  "catch-up": "a node that was cut off is killed again and again while it catches up",
  power: "power loss: kill -9, and what was not synced is lost, kept or torn",
};

/** Why a fault cannot be brought about here; undefined when it can. */
export function whyImpossible(kind: FaultKind): string | undefined {
  if (kind === "disk" && !SmallDisk.isPossible()) {
    return "small disks need root, and a machine that lets root mount tmpfs";
  }
  if (kind === "clock" && fakeTimeLibrary() === undefined) {
    return "libfaketime is not installed; on Debian: apt-get install faketime";
  }
  return undefined;
}
