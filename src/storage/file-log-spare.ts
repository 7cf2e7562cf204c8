/*
 * The next segment, prepared ahead of need: a file full of zeros, durable with its directory entry, open in durable mode
 * and without a header yet. While the log appends to one segment, the next is prepared in the background, so that
 * rolling over costs one synced header.
 *
 *   none --prepare--> preparing --> ready --take--> none
 *                        └──────> failed --take--> (tries again if the disk was full)
 *
 * A full disk is found out from the free space before anything is written, so an append that is refused costs one
 * statfs, and the log leaves a reserve to the checkpoints that will let it truncate. Any other failure is for good.
 */
import type { OpenFile } from "./file-port.ts";
import { withFile } from "./file-port.ts";
import type { LogSite } from "./file-log-site.ts";
import { segmentPath } from "./file-log-site.ts";
import { LogFailedError, LogFullError, isOutOfSpace } from "./errors.ts";
import { writeZeros } from "./zeros.ts";

export interface SpareSegment {
  readonly number: number;
  /** Open in durable mode. */
  readonly file: OpenFile;
  readonly fileBytes: number;
}

type Outcome =
  | { readonly kind: "ready"; readonly spare: SpareSegment }
  | { readonly kind: "failed"; readonly error: unknown };

export class SparePreparation {
  readonly #site: LogSite;
  #under: Promise<Outcome> | undefined;

  constructor(site: LogSite) {
    this.#site = site;
  }

  /** Starts preparing segment `number`; never rejects, the outcome waits for `take`. */
  prepare(number: number): void {
    this.#under = settled(createSpare(this.#site, number, this.#site.segmentBytes));
  }

  /**
   * The prepared segment `number`, with room for `fileBytes` at least. Rejects with LogFullError, after which it may be
   * tried again, or with what failed.
   */
  async take(number: number, fileBytes: number): Promise<SpareSegment> {
    const prepared = await this.#under;
    this.#under = undefined;
    const spare = await this.#readyOrRetried(prepared, number, fileBytes);
    if (spare.fileBytes >= fileBytes) return spare;
    return this.#enlarged(spare, fileBytes);
  }

  /** Puts back a segment that was not used after all, as it was taken. */
  putBack(spare: SpareSegment): void {
    this.#under = Promise.resolve({ kind: "ready", spare });
  }

  async close(): Promise<void> {
    const prepared = await this.#under;
    this.#under = undefined;
    if (prepared?.kind === "ready") await prepared.spare.file.close();
  }

  async #readyOrRetried(prepared: Outcome | undefined, number: number, fileBytes: number): Promise<SpareSegment> {
    if (prepared?.kind === "ready") return prepared.spare;
    if (prepared !== undefined && !(prepared.error instanceof LogFullError)) {
      throw prepared.error;
    }
    return createSpare(this.#site, number, fileBytes);
  }

  async #enlarged(spare: SpareSegment, fileBytes: number): Promise<SpareSegment> {
    try {
      await requireRoom(this.#site, fileBytes - spare.fileBytes);
      await writeZeros(spare.file, spare.fileBytes, fileBytes);
      return { ...spare, fileBytes };
    } catch (error) {
      if (!isOutOfSpace(error) && !(error instanceof LogFullError)) throw error;
      this.putBack(spare);
      throw asFull(this.#site, error);
    }
  }
}

function settled(preparing: Promise<SpareSegment>): Promise<Outcome> {
  return preparing.then(
    (spare): Outcome => ({ kind: "ready", spare }),
    (error: unknown): Outcome => ({ kind: "failed", error }),
  );
}

async function createSpare(site: LogSite, number: number, fileBytes: number): Promise<SpareSegment> {
  await requireRoom(site, fileBytes);
  const path = segmentPath(site, number);
  try {
    await withFile(site.files, path, "create", (file) => writeZeros(file, 0, fileBytes));
  } catch (error) {
    if (!isOutOfSpace(error)) throw new LogFailedError(path, error);
    await removeUnfinished(site, path);
    throw asFull(site, error);
  }
  await site.files.syncDirectory(site.directory);
  return { number, file: await site.files.open(path, "durable"), fileBytes };
}

/** What was written so far is the room that somebody else needs. */
async function removeUnfinished(site: LogSite, path: string): Promise<void> {
  await site.files.unlink(path).catch((error: unknown) => {
    throw new LogFailedError(path, error);
  });
  await site.files.syncDirectory(site.directory);
}

async function requireRoom(site: LogSite, bytes: number): Promise<void> {
  const free = await site.files.freeBytes(site.directory);
  if (free < bytes + site.reserveBytes) throw new LogFullError(site.directory);
}

function asFull(site: LogSite, error: unknown): LogFullError {
  return error instanceof LogFullError ? error : new LogFullError(site.directory, error);
}
