/*
 * What a recorded disk was told, in order, and the disk images that a power cut after any prefix of it could leave.
 * Test code beneath recording-file-port.ts, whose header states the fault model in words.
 *
 * Durability is worked out here, from the journal alone, and not by the port: so a test can ask for any moment again,
 * with other choices.
 */

/** `from` and `upTo` bound the journal indexes of the writes that a sync covers; a durable write covers itself. */
export type DiskOperation =
  | { readonly kind: "write"; readonly inode: number; readonly position: number; readonly bytes: Uint8Array }
  | { readonly kind: "sync"; readonly inode: number; readonly from: number; readonly upTo: number }
  | { readonly kind: "syncFailed"; readonly inode: number; readonly from: number; readonly upTo: number }
  | { readonly kind: "enter"; readonly path: string; readonly inode: number; readonly leaves?: string }
  | { readonly kind: "leave"; readonly path: string }
  | { readonly kind: "syncDirectory"; readonly directory: string; readonly upTo: number };

/** Contents by path. */
export type DiskImage = ReadonlyMap<string, Uint8Array>;

/** A number in [0, 1); called for each unsynced thing whose fate the power cut decides. */
export type Choose = () => number;

const SECTOR_BYTES = 512;

export function directoryOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}

/** The image that a power cut after the first `count` operations leaves, as `choose` has it. */
export function imageAfterPowerCut(
  base: DiskImage,
  baseInodes: ReadonlyMap<string, number>,
  journal: readonly DiskOperation[],
  count: number,
  choose: Choose,
): DiskImage {
  const durable = durableOperations(journal, count);
  const contents = new Map<number, Content>();
  const contentOf = (inode: number): Content => {
    let content = contents.get(inode);
    if (content === undefined) contents.set(inode, (content = new Content()));
    return content;
  };
  for (const [path, inode] of baseInodes) {
    const bytes = base.get(path) ?? new Uint8Array(0);
    contentOf(inode).overlay(0, wholeOf(bytes));
  }
  const entries = new Map(baseInodes);
  for (let index = 0; index < count; index++) {
    const operation = journal[index];
    if (operation === undefined) break;
    if (operation.kind === "write") {
      const kept = durable.has(index) ? wholeOf(operation.bytes) : survivorsOf(operation, choose);
      contentOf(operation.inode).overlay(operation.position, kept);
    } else if (operation.kind === "enter" || operation.kind === "leave") {
      if (durable.has(index) || choose() < 0.5) applyEntry(entries, operation);
    }
  }
  const image = new Map<string, Uint8Array>();
  for (const [path, inode] of entries) image.set(path, contentOf(inode).bytes());
  return image;
}

/** Indexes of the writes and directory changes that must be there after a cut behind `count` operations. */
export function durableOperations(journal: readonly DiskOperation[], count: number): Set<number> {
  const durable = new Set<number>();
  const dropped = new Set<number>();
  for (let index = 0; index < count; index++) {
    const operation = journal[index];
    if (operation === undefined) break;
    if (operation.kind === "sync" || operation.kind === "syncFailed") {
      const fate = operation.kind === "sync" ? durable : dropped;
      for (let write = operation.from; write < operation.upTo; write++) {
        const candidate = journal[write];
        if (candidate?.kind !== "write" || candidate.inode !== operation.inode) continue;
        if (!dropped.has(write) && !durable.has(write)) fate.add(write);
      }
    } else if (operation.kind === "syncDirectory") {
      for (let entry = 0; entry < operation.upTo; entry++) {
        const candidate = journal[entry];
        if (candidate?.kind !== "enter" && candidate?.kind !== "leave") continue;
        if (directoryOf(candidate.path) === operation.directory) durable.add(entry);
      }
    }
  }
  return durable;
}

function applyEntry(
  entries: Map<string, number>,
  operation: Extract<DiskOperation, { kind: "enter" | "leave" }>,
): void {
  if (operation.kind === "leave") {
    entries.delete(operation.path);
    return;
  }
  entries.set(operation.path, operation.inode);
  if (operation.leaves !== undefined) entries.delete(operation.leaves);
}

type Piece = readonly [start: number, end: number];
interface Kept {
  readonly bytes: Uint8Array;
  readonly pieces: readonly Piece[];
}

function wholeOf(bytes: Uint8Array): Kept {
  return { bytes, pieces: [[0, bytes.length]] };
}

/** An unsynced write is lost, whole, cut short at a byte, or there in some of its sectors only. */
function survivorsOf(write: Extract<DiskOperation, { kind: "write" }>, choose: Choose): Kept {
  const length = write.bytes.length;
  const fate = choose();
  if (fate < 0.25) return { bytes: write.bytes, pieces: [] };
  if (fate < 0.5) return wholeOf(write.bytes);
  if (fate < 0.75) return { bytes: write.bytes, pieces: [[0, Math.floor(choose() * (length + 1))]] };
  const pieces: Piece[] = [];
  let start = 0;
  while (start < length) {
    const sectorEnd = SECTOR_BYTES - ((write.position + start) % SECTOR_BYTES) + start;
    const end = Math.min(length, sectorEnd);
    if (choose() < 0.5) pieces.push([start, end]);
    start = end;
  }
  return { bytes: write.bytes, pieces };
}

/** Of one file while its image is being built: grown by doubling, since a run of a real node writes it many thousand times. */
class Content {
  #bytes = new Uint8Array(0);
  #length = 0;

  overlay(position: number, kept: Kept): void {
    const end = kept.pieces.reduce((last, piece) => (piece[1] > piece[0] ? piece[1] : last), 0);
    if (end === 0) return;
    this.#grow(position + end);
    for (const [from, to] of kept.pieces) this.#bytes.set(kept.bytes.subarray(from, to), position + from);
  }

  bytes(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #grow(length: number): void {
    if (length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.#bytes.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
    }
    this.#length = Math.max(this.#length, length);
  }
}
