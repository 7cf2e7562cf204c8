/*
 * How often a node has been started over its data: told to peers, so that they know a new process from an old one that
 * still hangs on.
 */
import { ByteReader } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";
import type { Store } from "../storage/store.ts";

const bootKey = "b";

/** Greater at every start; durable before it is told. */
export async function bootNumber(store: Store): Promise<number> {
  const [stored] = await store.getMany([bootKey]);
  const boot = stored === undefined ? 1 : new ByteReader(stored).u64() + 1;
  const writer = new ByteWriter(8);
  writer.u64(boot);
  await store.write({ puts: [[bootKey, writer.copy()]], deletes: [] });
  return boot;
}
