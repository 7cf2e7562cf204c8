/*
 * Whether a node has ever come so far as to serve over its data: the store keeps that.
 *
 * A node with an empty directory hears the other datacenters before it serves, since the directory may be empty because its
 * data were lost. "Empty" cannot be seen from the directory at the next start: the first one has left an identity, and what
 * it received in the meantime, even when it was refused. So the hearing is repeated until one was passed.
 */
import { ByteWriter } from "../protocol/byte-writer.ts";
import type { Store } from "../storage/store.ts";

const servedKey = "s";

export async function hasServed(store: Store): Promise<boolean> {
  const [mark] = await store.getMany([servedKey]);
  return mark !== undefined;
}

/** Durable when it resolves: from then on an empty log is a log that nothing was written to. */
export async function markServed(store: Store): Promise<void> {
  const mark = new ByteWriter(1);
  mark.u8(1);
  await store.write({ puts: [[servedKey, mark.copy()]], deletes: [] });
}
