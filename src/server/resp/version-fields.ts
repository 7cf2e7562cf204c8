/*
 * A version as replies to clients with contexts of their own tell it (docs/COMMANDS.md): its name and the dot that a reader of
 * it has seen, which is another write's where that has set its expiry. And such a context itself.
 */
import type { Context } from "../../core/context.ts";
import { ByteWriter } from "../../protocol/byte-writer.ts";
import { encodeDependencies } from "../../protocol/dependencies.ts";
import type { HybridTime } from "../../protocol/hybrid-time.ts";
import type { ReplyWriter } from "../../protocol/resp/reply-writer.ts";
import { datacenterOf, partitionOf } from "../../protocol/version.ts";
import type { Version } from "../../protocol/version.ts";
import { valueOf } from "./operation-shape.ts";

/**
 * [value | null, time, datacenter, partition, seq, clock, stable, tombstone, dotDatacenter, dotPartition, expiry]; of a key that
 * was never written the partition is all that there is.
 */
export function writeRead(
  reply: ReplyWriter,
  version: Version | undefined,
  partition: number,
  clock: HybridTime,
  stable: boolean,
): void {
  reply.arrayHeader(11);
  reply.bulkOrNull(valueOf(version));
  writeName(reply, version, partition);
  reply.integer(clock);
  reply.integer(stable ? 1 : 0);
  reply.integer(version?.deleted === true ? 1 : 0);
  writeDotOrigin(reply, version, partition);
  reply.integer(version?.expiry ?? 0);
}

/** Time, datacenter, partition; and the dot's seq. */
export function writeName(reply: ReplyWriter, version: Version | undefined, partition: number): void {
  reply.integer(version?.time ?? 0);
  reply.integer(version?.datacenter ?? 0);
  reply.integer(version?.partition ?? partition);
  reply.integer(version?.dotSeq ?? 0);
}

/** A context, as commands take it (CONTEXT). */
export function writeContext(reply: ReplyWriter, context: Context): void {
  const writer = new ByteWriter();
  encodeDependencies(writer, context.dependencies());
  reply.bulk(writer.bytes.latin1Slice(0, writer.length));
}

/** The dot's datacenter and partition. */
export function writeDotOrigin(reply: ReplyWriter, version: Version | undefined, partition: number): void {
  reply.integer(version === undefined ? 0 : datacenterOf(version.dotOrigin));
  reply.integer(version === undefined ? partition : partitionOf(version.dotOrigin));
}
