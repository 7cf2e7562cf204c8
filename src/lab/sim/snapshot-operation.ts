/*
 * A read transaction of a simulated client, judged by what the observer knows (snapshot-checks.ts).
 */
import type { Failure } from "../../core/failure.ts";
import type { HybridTime } from "../../protocol/hybrid-time.ts";
import type { Version } from "../../protocol/version.ts";
import { ClientOperation, seenOf } from "./client-operations.ts";
import type { ClientScene } from "./client-operations.ts";
import { checkSnapshot, currentOf } from "./snapshot-checks.ts";
import type { ThreadStep } from "./thread.ts";
import { describeVersion } from "./world-write.ts";
import type { WorldDatacenter } from "./world.ts";

export class SnapshotOperation extends ClientOperation {
  private readonly keys: readonly string[];
  private readonly step: ThreadStep;
  private readonly seq: number;
  private atStart: readonly (Version | undefined)[] = [];

  constructor(scene: ClientScene, keys: readonly string[]) {
    super(scene);
    this.keys = keys;
    this.step = scene.thread.begin(undefined);
    this.seq = scene.thread.recorder.begin();
  }

  submit(): void {
    this.atStart = currentOf(this.scene.world, this.node.datacenter, this.keys);
    this.session.readTransaction(this.keys, this, 0);
  }

  override snapshotDone(_tag: number, versions: readonly (Version | undefined)[], time: HybridTime): void {
    if (this.isGone) return;
    const { thread, node, scene, keys } = this;
    this.step.state = "done";
    const { collected } = scene.world.datacenters[node.datacenter] as WorldDatacenter;
    const shown = keys.map((key, i) => {
      const version = versions[i];
      return { key, version, collected: version === undefined ? collected.get(key) : undefined };
    });
    const words = (): string => shown.map(({ key, version }) => `${key} is ${describeVersion(version)}`).join(", ");
    scene.note("snapshot", () => `${thread.name} at ${node.id}, of ${time}: ${words()}`);
    checkSnapshot(scene.world, node.datacenter, shown, this.atStart, time);
    this.step.saw = shown.flatMap(({ key, version }) => this.sees(this.step, key, version));
    for (const { key, version } of shown) this.checkExpiry(key, version);
    const entries = shown.map(({ key, version }) => ({ key, seen: seenOf(version) }));
    thread.recorder.snapshot(this.seq, this.startMs, scene.nowMs(), entries);
    this.end();
  }

  override failed(_tag: number, failure: Failure): void {
    if (this.isGone) return;
    this.scene.count(`snapshot failed: ${failure.code}`);
    this.step.state = "missed";
    this.end();
  }

  override abandoned(): void {
    super.abandoned();
    this.step.state = "missed";
  }
}
