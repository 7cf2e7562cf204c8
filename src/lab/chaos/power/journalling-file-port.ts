/*
 * The file port of a real node whose power is going to be cut: everything is done on the real disk, and told to a journal
 * (journal-file.ts) in such an order that the journal is never surer than the disk:
 *
 * - a write is there before it begins, since from then on any part of it may reach the disk;
 * - that it is durable is there once the system said so, and before the node hears of it;
 * - a new, renamed or removed entry is there once it happened, and before the node hears of it.
 *
 * The medium is slow: a write is safe a few milliseconds after the system said so. That is what a power cut hits: with a disk
 * that syncs in no time it would hardly ever come between a write and its sync.
 *
 * With `isLying`, the canary: that a write of "durable" mode is safe is not told, so that a power cut takes back what the node has
 * acknowledged. All else is honest: nodes start again, and do not know what they have lost.
 */
import type { FilePort, OpenFile, OpenMode } from "../../../storage/file-port.ts";
import { setTimeout as sleep } from "node:timers/promises";
import { nodeFilePort } from "../../../storage/node-file-port.ts";
import { invariant } from "../../../shared/assert.ts";
import type { JournalWriter } from "./journal-file.ts";

const syncMsMax = 6;

/** What this disk holds: the inode of every path. */
export type Inodes = Map<string, number>;

export class JournallingFilePort implements FilePort {
  readonly journal: JournalWriter;
  readonly isLying: boolean;
  private readonly inodes: Inodes;
  private readonly disk: FilePort = nodeFilePort;
  private nextInode: number;

  constructor(journal: JournalWriter, inodes: Inodes, isLying: boolean) {
    this.journal = journal;
    this.inodes = inodes;
    this.isLying = isLying;
    this.nextInode = 1 + Math.max(0, ...inodes.values());
  }

  async open(path: string, mode: OpenMode): Promise<OpenFile> {
    const file = await this.disk.open(path, mode);
    if (mode === "create") this.enter(path);
    const inode = this.inodes.get(path);
    invariant(inode !== undefined, `${path} is on the disk and in no journal`);
    return new JournalledFile(this, file, inode, mode);
  }

  private enter(path: string): void {
    const inode = this.nextInode++;
    this.inodes.set(path, inode);
    this.journal.append({ kind: "enter", path, inode });
  }

  async rename(from: string, to: string): Promise<void> {
    await this.disk.rename(from, to);
    const inode = this.inodes.get(from);
    invariant(inode !== undefined, `${from} was on the disk and in no journal`);
    this.inodes.set(to, inode);
    this.inodes.delete(from);
    this.journal.append({ kind: "enter", path: to, inode, leaves: from });
  }

  async unlink(path: string): Promise<void> {
    await this.disk.unlink(path);
    this.inodes.delete(path);
    this.journal.append({ kind: "leave", path });
  }

  async syncDirectory(directory: string): Promise<void> {
    const upTo = this.journal.length;
    await this.disk.syncDirectory(directory);
    this.journal.append({ kind: "syncDirectory", directory, upTo });
  }

  makeDirectory(path: string): Promise<void> {
    return this.disk.makeDirectory(path);
  }

  list(directory: string): Promise<string[]> {
    return this.disk.list(directory);
  }

  freeBytes(directory: string): Promise<number> {
    return this.disk.freeBytes(directory);
  }
}

class JournalledFile implements OpenFile {
  readonly path: string;
  private readonly port: JournallingFilePort;
  private readonly file: OpenFile;
  private readonly inode: number;
  private readonly mode: OpenMode;

  constructor(port: JournallingFilePort, file: OpenFile, inode: number, mode: OpenMode) {
    this.path = file.path;
    this.port = port;
    this.file = file;
    this.inode = inode;
    this.mode = mode;
  }

  size(): Promise<number> {
    return this.file.size();
  }

  read(into: Uint8Array, position: number): Promise<number> {
    return this.file.read(into, position);
  }

  async write(parts: readonly Uint8Array[], position: number): Promise<void> {
    const { inode } = this;
    const bytes = new Uint8Array(Buffer.concat(parts));
    const from = this.port.journal.append({ kind: "write", inode, position, bytes });
    const upTo = from + 1;
    try {
      await this.file.write(parts, position);
    } catch (error) {
      // Any part of it may have landed, and no later sync vouches for it.
      this.port.journal.append({ kind: "syncFailed", inode, from, upTo });
      throw error;
    }
    if (this.mode === "durable" && !this.port.isLying) await this.settled(from, upTo);
  }

  async sync(): Promise<void> {
    const upTo = this.port.journal.length;
    await this.file.sync();
    await this.settled(0, upTo);
  }

  private async settled(from: number, upTo: number): Promise<void> {
    await sleep(syncMsMax * Math.random());
    this.port.journal.append({ kind: "sync", inode: this.inode, from, upTo });
  }

  close(): Promise<void> {
    return this.file.close();
  }
}
