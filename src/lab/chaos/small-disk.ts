/*
 * A file system of a few megabytes (tmpfs) that can be filled and freed: needs root, and a machine that lets root mount.
 */
import { spawnSync } from "node:child_process";
import { closeSync, ftruncateSync, mkdirSync, mkdtempSync, openSync, rmSync, statfsSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const chunk = Buffer.alloc(64 * 1024, 1);
const MiB = 1024 * 1024;

export class SmallDisk {
  readonly path: string;
  private readonly ballast: number;

  private constructor(path: string) {
    this.path = path;
    this.ballast = openSync(join(path, "ballast"), "a");
  }

  /** At `path`, or anywhere. Undefined where this process may not mount. */
  static mount(
    mebibytes: number,
    path: string = mkdtempSync(join(tmpdir(), "cops-small-disk-")),
  ): SmallDisk | undefined {
    mkdirSync(path, { recursive: true });
    const { status } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${mebibytes}m`, "cops-test", path]);
    if (status === 0) return new SmallDisk(path);
    rmSync(path, { recursive: true });
    return undefined;
  }

  static isPossible(): boolean {
    const disk = SmallDisk.mount(1);
    disk?.unmount();
    return disk !== undefined;
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.path);
    return bavail * bsize;
  }

  /** Fills it until so much is left. */
  fill(mebibytesLeft: number): void {
    while (this.freeBytes > mebibytesLeft * MiB) {
      try {
        writeSync(this.ballast, chunk);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOSPC") return;
        throw error;
      }
    }
  }

  /** Takes back what `fill` took. */
  free(): void {
    ftruncateSync(this.ballast, 0);
  }

  unmount(): void {
    closeSync(this.ballast);
    spawnSync("umount", ["-l", this.path]);
    rmSync(this.path, { recursive: true, force: true });
  }
}
