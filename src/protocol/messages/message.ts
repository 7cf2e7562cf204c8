/*
 * Messages between nodes. What one node has for another at the end of a turn goes as one frame: a run of messages, each
 *
 *   u8 type   u32 length   body
 *
 * docs/PROTOCOL.md has the table. A type below `controlTypeMin` is the core's; the others carry JSON between drivers (scan,
 * WHY, topology) and never touch the hot path.
 */
import type { ByteWriter } from "../byte-writer.ts";

/** The version of all of this; nodes of different versions do not speak. */
export const protocolVersion = 2;

export const messageHeartbeat = 1;
export const messageStreamOpen = 2;
export const messageStreamData = 3;
export const messageStreamAck = 4;
export const messageStable = 5;
export const messageDepCheck = 6;
export const messageDepHolds = 7;
export const messageReadRequest = 8;
export const messageReadReply = 9;
export const messageWriteRequest = 10;
export const messageWriteReply = 11;
export const messageClosed = 12;
export const messageSnapshotRequest = 13;
export const messageSnapshotReply = 14;
export const messageTransRequest = 15;
export const messageTransReply = 16;
export const messagePrepare = 17;
export const messageVote = 18;
export const messageDecision = 19;
export const messageCommitted = 20;
export const messageTransQuestion = 21;
export const messagePartHere = 22;

export const controlTypeMin = 64;
export const messageControlRequest = 64;
export const messageControlReply = 65;

export const messageHeaderBytes = 5;

/** Starts a message and answers where its length must be filled in by `endMessage`. */
export function beginMessage(writer: ByteWriter, type: number): number {
  writer.u8(type);
  writer.u32(0);
  return writer.length;
}

export function endMessage(writer: ByteWriter, at: number): void {
  writer.putU32(at - 4, writer.length - at);
}
