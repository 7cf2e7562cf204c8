/*
 * A journal of what the disk beneath one real node was told (storage/testing/disk-journal.ts has the operations), in a file
 * outside the node's data directory. It outlives the process: what is written here before an operation is answered is in the
 * page cache, and kill -9 keeps that.
 *
 *   record = length of head, length of body, head (JSON), body (what a write wrote, its zeros at the end left out)
 */
import { closeSync, openSync, readFileSync, truncateSync, writeSync } from "node:fs";
import type { DiskOperation } from "../../../storage/testing/disk-journal.ts";
import { invariant } from "../../../shared/assert.ts";

/** A power cut begins a new journal; a node that was never cut off its power for so long is at its end. */
const journalBytesMax = 1024 ** 3;
const prefixBytes = 8;

export class JournalWriter {
  /** Of operations, those that were there before included. */
  length: number;
  private bytes: number;
  private readonly fd: number;

  constructor(path: string, before: readonly DiskOperation[] = [], bytes = 0) {
    this.length = before.length;
    this.bytes = bytes;
    this.fd = openSync(path, "a");
  }

  /** Answers the operation's index. */
  append(operation: DiskOperation): number {
    const record = encoded(operation);
    this.bytes += record.length;
    invariant(this.bytes <= journalBytesMax, `a journal of a node's disk ends at ${journalBytesMax} bytes`);
    const written = writeSync(this.fd, record);
    invariant(written === record.length, "the journal's own disk is full");
    return this.length++;
  }

  close(): void {
    closeSync(this.fd);
  }
}

function encoded(operation: DiskOperation): Buffer {
  const { bytes, ...head } = operation.kind === "write" ? operation : { ...operation, bytes: new Uint8Array(0) };
  const body = bytes.subarray(0, lengthWithoutZeros(bytes));
  const text = Buffer.from(JSON.stringify(operation.kind === "write" ? { ...head, length: bytes.length } : head));
  const prefix = Buffer.alloc(prefixBytes);
  prefix.writeUInt32LE(text.length, 0);
  prefix.writeUInt32LE(body.length, 4);
  return Buffer.concat([prefix, text, body]);
}

/** Segments are filled with zeros before their first use: megabytes of nothing. */
function lengthWithoutZeros(bytes: Uint8Array): number {
  let length = bytes.length;
  while (length > 0 && bytes[length - 1] === 0) length--;
  return length;
}

type Head = Exclude<DiskOperation, { kind: "write" }> | WriteHead;
interface WriteHead {
  readonly kind: "write";
  readonly inode: number;
  readonly position: number;
  readonly length: number;
}

/** What is there, the operations and their bytes; a record that the kill cut short is taken off the file. */
export function readJournal(path: string): { readonly operations: DiskOperation[]; readonly bytes: number } {
  const text = readFileSync(path);
  const operations: DiskOperation[] = [];
  let at = 0;
  while (at + prefixBytes <= text.length) {
    const bodyAt = at + prefixBytes + text.readUInt32LE(at);
    const end = bodyAt + text.readUInt32LE(at + 4);
    if (end > text.length) break;
    const head = JSON.parse(text.toString("utf8", at + prefixBytes, bodyAt)) as Head;
    operations.push(head.kind === "write" ? writeOf(head, text.subarray(bodyAt, end)) : head);
    at = end;
  }
  if (at < text.length) truncateSync(path, at);
  return { operations, bytes: at };
}

function writeOf({ inode, position, length }: WriteHead, body: Uint8Array): DiskOperation {
  const bytes = new Uint8Array(length);
  bytes.set(body);
  return { kind: "write", inode, position, bytes };
}
