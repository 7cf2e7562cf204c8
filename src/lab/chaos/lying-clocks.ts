/*
 * Wall clocks that the harness sets, one for each node (libfaketime). Every node reads its offset from a file, at most a
 * second after it was written. Only the wall clock lies: timers and the monotonic clock go on as they are, as on a machine
 * whose time is set.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where Debian and its kin, and a build by hand, put it. */
const libraryRoots = ["/usr/lib", "/usr/lib64", "/usr/local/lib"];
const libraryName = join("faketime", "libfaketimeMT.so.1");

/** Undefined where it is not installed. */
export function fakeTimeLibrary(): string | undefined {
  if (process.platform !== "linux") return undefined;
  const directories = libraryRoots.flatMap((root) => {
    const entries = existsSync(root) ? readdirSync(root, { withFileTypes: true }) : [];
    return [root, ...entries.filter((entry) => entry.isDirectory()).map(({ name }) => join(root, name))];
  });
  return directories.map((directory) => join(directory, libraryName)).find((path) => existsSync(path));
}

export class LyingClocks {
  private readonly library: string;
  private readonly directory: string;

  constructor(library: string, directory: string) {
    this.library = library;
    this.directory = directory;
    mkdirSync(directory, { recursive: true });
  }

  /** What a node has to find in its environment. */
  environmentOf(node: string): Record<string, string> {
    return {
      LD_PRELOAD: this.library,
      FAKETIME_TIMESTAMP_FILE: join(this.directory, node),
      // The file is looked at once a second.
      FAKETIME_CACHE_DURATION: "1",
      // Old and new name of one setting.
      DONT_FAKE_MONOTONIC: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      NO_FAKE_STAT: "1",
    };
  }

  /** How far the node's clock is ahead; negative: behind. */
  set(node: string, offsetMs: number): void {
    const path = join(this.directory, node);
    const seconds = (offsetMs / 1000).toFixed(3);
    // In one step: the node may look at any moment.
    writeFileSync(`${path}.new`, offsetMs < 0 ? seconds : `+${seconds}`);
    renameSync(`${path}.new`, path);
  }
}
