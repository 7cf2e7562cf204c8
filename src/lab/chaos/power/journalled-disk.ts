/*
 * The disk of a node whose power can be cut. A harness that wants it cut leaves a mark in the journal's directory and kills the
 * node (-9). The next start finds the mark, before the node opens anything:
 *
 *   mark, kill ──▶ start: journal ──image that a cut at its end leaves, by the mark's seed──▶ data directory ──▶ new journal
 *   kill alone ──▶ start: the journal goes on; what was not synced is still there, and still not safe
 *
 * What of the data directory this is: the identity and the log, which the node writes through its file port. Not the store:
 * LevelDB writes by itself, and its directory stays as the kill left it. That is a disk that a power cut may leave, since what
 * was not synced may as well have got there, and no newer one than the log's: a checkpoint begins after the log's frames
 * that it covers were synced, so the image holds them (a log that ends before the store's checkpoint is refused, LOSTLOG,
 * and would be a bug). What a power cut does to LevelDB's own files is left to LevelDB.
 *
 * A cut in the middle of the cut does no harm: the mark goes last, and the same seed gives the same image.
 */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { JournalWriter, readJournal } from "./journal-file.ts";
import { JournallingFilePort } from "./journalling-file-port.ts";
import type { Inodes } from "./journalling-file-port.ts";
import { Random } from "../../../shared/random.ts";
import { LOCK_FILE_NAME } from "../../../storage/directory-lock.ts";
import type { FilePort } from "../../../storage/file-port.ts";
import { directoryOf, durableOperations, imageAfterPowerCut } from "../../../storage/testing/disk-journal.ts";
import type { Choose, DiskImage, DiskOperation } from "../../../storage/testing/disk-journal.ts";

const journalName = "journal";
const markName = "power-cut";
const cutsName = "cuts.jsonl";
const logName = "log";
const randomMax = 2 ** 32;
/** Everything unsynced is there: what processes saw before the kill. */
const keepAll: Choose = () => 0.3;

/** What one power cut did. */
export interface PowerCut {
  /** Writes and changes of directories in the journal, and how many of them no sync covered. */
  readonly operations: number;
  readonly unsynced: number;
  /** Bytes that processes saw before and that are gone or different now. */
  readonly bytesLost: number;
}

/** For the harness: the next start of that node comes after a power cut. */
export function markPowerCut(journalDirectory: string, seed: number): void {
  mkdirSync(journalDirectory, { recursive: true });
  const path = join(journalDirectory, markName);
  writeFileSync(`${path}.new`, String(seed));
  renameSync(`${path}.new`, path);
}

/** All power cuts of that node so far. */
export function powerCutsOf(journalDirectory: string): PowerCut[] {
  const path = join(journalDirectory, cutsName);
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, "utf8").split("\n");
  return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as PowerCut);
}

/** For the node: its file port, after the power was cut where that is marked. */
export function openJournalledDisk(journalDirectory: string, dataDirectory: string, isLying = false): FilePort {
  mkdirSync(journalDirectory, { recursive: true });
  const path = join(journalDirectory, journalName);
  const mark = join(journalDirectory, markName);
  if (existsSync(mark) && existsSync(path)) {
    const cut = cutPower(path, dataDirectory, Number(readFileSync(mark, "utf8")));
    appendFileSync(join(journalDirectory, cutsName), `${JSON.stringify(cut)}\n`);
  } else if (!existsSync(path)) beginJournal(path, imageOf(dataDirectory));
  rmSync(mark, { force: true });
  const { operations, bytes } = readJournal(path);
  const journal = new JournalWriter(path, operations, bytes);
  const inodes = inodesAfter(operations);
  reconcile(
    journal,
    inodes,
    imageAfterPowerCut(new Map(), new Map(), operations, operations.length, keepAll),
    dataDirectory,
  );
  return new JournallingFilePort(journal, inodes, isLying);
}

function cutPower(path: string, dataDirectory: string, seed: number): PowerCut {
  const { operations } = readJournal(path);
  const random = new Random(seed).fork("power cut");
  const choose: Choose = () => random.next() / randomMax;
  const image = imageAfterPowerCut(new Map(), new Map(), operations, operations.length, choose);
  const before = imageOf(dataDirectory);
  for (const name of before.keys()) if (!image.has(name)) rmSync(name);
  for (const [name, bytes] of image) {
    mkdirSync(directoryOf(name), { recursive: true });
    writeFileSync(name, bytes);
  }
  beginJournal(path, image);
  const changes = operations.filter(isChange).length;
  const durable = durableOperations(operations, operations.length).size;
  return { operations: changes, unsynced: changes - durable, bytesLost: bytesLost(before, image) };
}

function isChange({ kind }: DiskOperation): boolean {
  return kind === "write" || kind === "enter" || kind === "leave";
}

function bytesLost(before: DiskImage, after: DiskImage): number {
  let lost = 0;
  for (const [name, bytes] of before) {
    const kept = after.get(name);
    for (let i = 0; i < bytes.length; i++) if (bytes[i] !== (kept?.[i] ?? 0)) lost++;
  }
  return lost;
}

/** A journal that makes this image, all of it safe. */
function beginJournal(path: string, image: DiskImage): void {
  rmSync(`${path}.new`, { force: true });
  const journal = new JournalWriter(`${path}.new`);
  let inode = 0;
  for (const [name, bytes] of image) enterSafely(journal, name, ++inode, bytes);
  journal.close();
  renameSync(`${path}.new`, path);
}

function enterSafely(journal: JournalWriter, path: string, inode: number, bytes: Uint8Array): void {
  journal.append({ kind: "enter", path, inode });
  const from = journal.append({ kind: "write", inode, position: 0, bytes });
  journal.append({ kind: "sync", inode, from, upTo: from + 1 });
  journal.append({ kind: "syncDirectory", directory: directoryOf(path), upTo: from });
}

function inodesAfter(operations: readonly DiskOperation[]): Inodes {
  const inodes: Inodes = new Map();
  for (const operation of operations) {
    if (operation.kind === "leave") inodes.delete(operation.path);
    if (operation.kind !== "enter") continue;
    inodes.set(operation.path, operation.inode);
    if (operation.leaves !== undefined) inodes.delete(operation.leaves);
  }
  return inodes;
}

/**
 * A kill may come between an operation and its line in the journal. What the disk shows then is taken for safe: it was
 * acknowledged to nobody, and the judge must not be stricter than a disk.
 */
function reconcile(journal: JournalWriter, inodes: Inodes, seen: DiskImage, dataDirectory: string): void {
  const found = imageOf(dataDirectory);
  let inode = Math.max(0, ...inodes.values());
  for (const [path, bytes] of found) {
    const known = seen.get(path);
    if (known !== undefined && Buffer.compare(known, bytes) === 0) continue;
    enterSafely(journal, path, ++inode, bytes);
    inodes.set(path, inode);
  }
  for (const path of [...inodes.keys()].filter((name) => !found.has(name))) {
    const upTo = journal.append({ kind: "leave", path }) + 1;
    journal.append({ kind: "syncDirectory", directory: directoryOf(path), upTo });
    inodes.delete(path);
  }
}

/** The files that the node writes through its file port. */
function imageOf(dataDirectory: string): DiskImage {
  const image = new Map<string, Uint8Array>();
  for (const directory of [dataDirectory, join(dataDirectory, logName)]) {
    for (const name of existsSync(directory) ? readdirSync(directory) : []) {
      const path = `${directory}/${name}`;
      if (!name.startsWith(LOCK_FILE_NAME) && statSync(path).isFile()) image.set(path, readFileSync(path));
    }
  }
  return image;
}
