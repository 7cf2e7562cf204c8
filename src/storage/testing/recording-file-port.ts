/*
 * The file port over memory, for tests: it records what it is told, fails on request, and can build the disk image that
 * a power cut after any recorded operation would leave (design, section 7, power loss).
 *
 * Fault model.
 * - A write is safe from the moment that a sync of its file (issued after the write was done) or, in durable mode, the
 *   write itself completes. Until then a power cut loses it, keeps it, cuts it short at any byte, or keeps any subset of
 *   its 512-byte sectors; each write meets its own fate, so unsynced writes reach the medium in any order.
 * - A created, renamed or unlinked entry is safe once a sync of its directory completes; until then each may be lost or
 *   kept, in any order; a rename is never half done. Directories themselves are safe once made.
 * - A failed sync leaves the writes that it covered readable but never safe: later syncs do not save them (a kernel that
 *   reported an error once marks the pages clean). Only writing the bytes again does.
 * - A write that runs out of room lands as far as room reaches; `inject` can make any part of a failed write land.
 * - Safe bytes never change: no rot, no misdirected writes. Rewriting a byte with the same value cannot damage it.
 * - Opening a second log over the same port is a restart after kill -9: what was written stays readable, what was not
 *   synced stays unsafe.
 *
 * Every operation starts at once and completes in a later microtask, in a fixed order: runs are repeatable.
 */
import type { FilePort, OpenFile, OpenMode } from "../file-port.ts";
import { directoryOf, imageAfterPowerCut, type Choose, type DiskImage, type DiskOperation } from "./disk-journal.ts";

export type FaultyOperation = "write" | "sync" | "unlink" | "syncDirectory" | "open" | "read";

export interface Fault {
  readonly operation: FaultyOperation;
  /** The error's code: ENOSPC, EIO, ... */
  readonly code: string;
  /** For writes: how many bytes land all the same (default none). For syncs see the fault model. */
  readonly landedBytes?: number;
}

class DiskError extends Error {
  readonly code: string;

  constructor(code: string, path: string) {
    super(`${code}: ${path}`);
    this.code = code;
  }
}

interface Inode {
  readonly id: number;
  bytes: Uint8Array;
  length: number;
}

export class RecordingFilePort implements FilePort {
  /** What the disk can hold, in bytes; set it to make the disk full or give it room again. */
  capacityBytes = Number.MAX_SAFE_INTEGER;
  readonly journal: DiskOperation[] = [];
  readonly #base: DiskImage;
  readonly #baseInodes = new Map<string, number>();
  readonly #inodes = new Map<number, Inode>();
  readonly #entries = new Map<string, Inode>();
  readonly #faults: Fault[] = [];
  #nextInode = 1;

  constructor(image: DiskImage = new Map()) {
    this.#base = image;
    for (const [path, bytes] of image) {
      const inode = this.#newInode(Uint8Array.from(bytes));
      this.#baseInodes.set(path, inode.id);
      this.#entries.set(path, inode);
    }
  }

  /** The next operation of this kind fails; faults of one kind queue up. */
  inject(fault: Fault): void {
    this.#faults.push(fault);
  }

  imageAfter(operationCount: number, choose: Choose): DiskImage {
    return imageAfterPowerCut(this.#base, this.#baseInodes, this.journal, operationCount, choose);
  }

  /** What processes see now, synced or not. */
  contents(path: string): Uint8Array {
    const inode = this.inodeAt(path);
    return inode.bytes.slice(0, inode.length);
  }

  /** Damages a file behind everybody's back, safely: for tests of detection. */
  overwrite(path: string, bytes: Uint8Array): void {
    const inode = this.#newInode(Uint8Array.from(bytes));
    this.#entries.set(path, inode);
    this.journal.push({ kind: "enter", path, inode: inode.id });
    this.journal.push({ kind: "write", inode: inode.id, position: 0, bytes: inode.bytes.slice() });
    const upTo = this.journal.length;
    this.journal.push({ kind: "sync", inode: inode.id, from: 0, upTo });
    this.journal.push({ kind: "syncDirectory", directory: directoryOf(path), upTo });
  }

  remove(path: string): void {
    this.#entries.delete(path);
    this.journal.push({ kind: "leave", path });
    const upTo = this.journal.length;
    this.journal.push({ kind: "syncDirectory", directory: directoryOf(path), upTo });
  }

  usedBytes(): number {
    let used = 0;
    for (const inode of new Set(this.#entries.values())) used += inode.length;
    return used;
  }

  takeFault(operation: FaultyOperation): Fault | undefined {
    const index = this.#faults.findIndex((fault) => fault.operation === operation);
    return index < 0 ? undefined : this.#faults.splice(index, 1)[0];
  }

  failOn(operation: FaultyOperation, path: string): void {
    const fault = this.takeFault(operation);
    if (fault !== undefined) throw new DiskError(fault.code, path);
  }

  inodeAt(path: string): Inode {
    const inode = this.#entries.get(path);
    if (inode === undefined) throw new DiskError("ENOENT", path);
    return inode;
  }

  async open(path: string, mode: OpenMode): Promise<OpenFile> {
    await Promise.resolve();
    this.failOn("open", path);
    if (mode === "create") this.#create(path);
    return new RecordedFile(this, path, this.inodeAt(path), mode);
  }

  #create(path: string): void {
    if (this.#entries.has(path)) throw new DiskError("EEXIST", path);
    const inode = this.#newInode(new Uint8Array(0));
    this.#entries.set(path, inode);
    this.journal.push({ kind: "enter", path, inode: inode.id });
  }

  #newInode(bytes: Uint8Array): Inode {
    const inode: Inode = { id: this.#nextInode++, bytes, length: bytes.length };
    this.#inodes.set(inode.id, inode);
    return inode;
  }

  async makeDirectory(): Promise<void> {
    await Promise.resolve();
  }

  async list(directory: string): Promise<string[]> {
    await Promise.resolve();
    const names: string[] = [];
    for (const path of this.#entries.keys()) {
      if (directoryOf(path) === directory) names.push(path.slice(directory.length + 1));
    }
    return names;
  }

  async rename(from: string, to: string): Promise<void> {
    const inode = this.inodeAt(from);
    this.#entries.set(to, inode);
    this.#entries.delete(from);
    this.journal.push({ kind: "enter", path: to, inode: inode.id, leaves: from });
    await Promise.resolve();
  }

  async unlink(path: string): Promise<void> {
    await Promise.resolve();
    this.failOn("unlink", path);
    this.inodeAt(path);
    this.#entries.delete(path);
    this.journal.push({ kind: "leave", path });
  }

  async syncDirectory(directory: string): Promise<void> {
    const upTo = this.journal.length;
    await Promise.resolve();
    this.failOn("syncDirectory", directory);
    this.journal.push({ kind: "syncDirectory", directory, upTo });
  }

  async freeBytes(): Promise<number> {
    await Promise.resolve();
    return Math.max(0, this.capacityBytes - this.usedBytes());
  }
}

class RecordedFile implements OpenFile {
  readonly path: string;
  readonly #disk: RecordingFilePort;
  readonly #inode: Inode;
  readonly #mode: OpenMode;
  #closed = false;

  constructor(disk: RecordingFilePort, path: string, inode: Inode, mode: OpenMode) {
    this.#disk = disk;
    this.path = path;
    this.#inode = inode;
    this.#mode = mode;
  }

  async size(): Promise<number> {
    await this.#turn();
    return this.#inode.length;
  }

  async read(into: Uint8Array, position: number): Promise<number> {
    await this.#turn();
    this.#disk.failOn("read", this.path);
    const end = Math.min(this.#inode.length, position + into.length);
    if (end <= position) return 0;
    into.set(this.#inode.bytes.subarray(position, end));
    return end - position;
  }

  async write(parts: readonly Uint8Array[], position: number): Promise<void> {
    if (this.#mode === "read") throw new DiskError("EBADF", this.path);
    const fault = this.#disk.takeFault("write");
    const bytes = concatenated(parts);
    const index = this.#disk.journal.length;
    const landed = this.#land(bytes, position, fault?.landedBytes ?? (fault ? 0 : bytes.length));
    await this.#turn();
    if (fault !== undefined) throw new DiskError(fault.code, this.path);
    if (landed < bytes.length) throw new DiskError("ENOSPC", this.path);
    if (this.#mode === "durable") this.#settle(index, index + 1);
  }

  /** Puts up to `wanted` bytes into the page cache, as far as there is room, and journals what landed. */
  #land(bytes: Uint8Array, position: number, wanted: number): number {
    const growth = Math.max(0, position + wanted - this.#inode.length);
    const room = Math.max(0, this.#disk.capacityBytes - this.#disk.usedBytes());
    const landed = growth <= room ? wanted : Math.max(0, wanted - (growth - room));
    if (landed === 0) return 0;
    const kept = bytes.slice(0, landed);
    grow(this.#inode, position + landed);
    this.#inode.bytes.set(kept, position);
    this.#disk.journal.push({ kind: "write", inode: this.#inode.id, position, bytes: kept });
    return landed;
  }

  async sync(): Promise<void> {
    const upTo = this.#disk.journal.length;
    await this.#turn();
    this.#settle(0, upTo);
  }

  #settle(from: number, upTo: number): void {
    const fault = this.#disk.takeFault("sync");
    const kind = fault === undefined ? "sync" : "syncFailed";
    this.#disk.journal.push({ kind, inode: this.#inode.id, from, upTo });
    if (fault !== undefined) throw new DiskError(fault.code, this.path);
  }

  async close(): Promise<void> {
    await this.#turn();
    this.#closed = true;
  }

  async #turn(): Promise<void> {
    if (this.#closed) throw new DiskError("EBADF", this.path);
    await Promise.resolve();
  }
}

function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

function grow(inode: Inode, length: number): void {
  if (length > inode.bytes.length) {
    const larger = new Uint8Array(Math.max(length, inode.bytes.length * 2));
    larger.set(inode.bytes);
    inode.bytes = larger;
  }
  inode.length = Math.max(inode.length, length);
}
