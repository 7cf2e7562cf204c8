/*
 * The identity file of a data directory: whose data these are. Written once, atomically and synced, before any data;
 * read at every start and compared field by field, so that a directory mounted at the wrong node is refused by name.
 *
 * JSON, because an operator reads it; with a checksum, because a changed number of partitions or nodes would scatter the
 * keys: partition p is on node p mod n, and a datacenter that was not there has not been sent what was written before.
 */
import { crc32 } from "node:zlib";
import { DataDirectoryDamagedError, ForeignDataError, FormatTooNewError, errorCodeOf } from "./errors.ts";
import type { FilePort } from "./file-port.ts";
import { readFully, withFile } from "./file-port.ts";

export const IDENTITY_FILE_NAME = "identity.json";
export const IDENTITY_TEMPORARY_NAME = "identity.json.tmp";
export const DATA_FORMAT_VERSION = 1;

const FILE_BYTES_MAX = 64 * 1024;

export interface NodeIdentity {
  readonly cluster: string;
  readonly datacenter: { readonly name: string; readonly index: number };
  readonly node: { readonly name: string; readonly index: number };
  /** P: how many partitions the cluster was created with. */
  readonly partitions: number;
  /** How many nodes each datacenter was created with, by its index: like P, it decides which keys lie here. */
  readonly nodesOf: readonly number[];
}

export interface StoredIdentity extends NodeIdentity {
  readonly format: number;
  /** When the directory was first used, ISO 8601. */
  readonly created: string;
}

/** Durable and whole when it resolves; a crash before leaves none. */
export async function writeIdentity(files: FilePort, directory: string, identity: StoredIdentity): Promise<void> {
  const temporary = `${directory}/${IDENTITY_TEMPORARY_NAME}`;
  await files.unlink(temporary).catch((error: unknown) => {
    if (errorCodeOf(error) !== "ENOENT") throw error;
  });
  const sealed = { ...identity, checksum: checksumOf(identity) };
  const text = `${JSON.stringify(sealed, null, 2)}\n`;
  await withFile(files, temporary, "create", async (file) => {
    await file.write([Buffer.from(text, "utf8")], 0);
    await file.sync();
  });
  await files.rename(temporary, `${directory}/${IDENTITY_FILE_NAME}`);
  await files.syncDirectory(directory);
}

/** Undefined where there is none. Rejects with DataDirectoryDamagedError or FormatTooNewError. */
export async function readIdentity(files: FilePort, directory: string): Promise<StoredIdentity | undefined> {
  const path = `${directory}/${IDENTITY_FILE_NAME}`;
  const text = await readText(files, path);
  if (text === undefined) return undefined;
  const parsed = parseJson(path, text);
  if (!isSealed(parsed)) throw new DataDirectoryDamagedError(path, "not an identity file");
  if (parsed.format > DATA_FORMAT_VERSION) {
    throw new FormatTooNewError(path, parsed.format, DATA_FORMAT_VERSION);
  }
  const { checksum, ...identity } = parsed;
  if (!isStoredIdentity(identity)) throw new DataDirectoryDamagedError(path, "a field is missing");
  if (checksum !== checksumOf(identity)) {
    throw new DataDirectoryDamagedError(path, "the checksum is wrong; it was changed or damaged");
  }
  return identity;
}

/** Throws ForeignDataError that names the first thing that differs, the widest first. */
export function requireSameIdentity(path: string, expected: NodeIdentity, found: NodeIdentity): void {
  const facts = [
    ["cluster", expected.cluster, found.cluster],
    ["datacenter", describe(expected.datacenter), describe(found.datacenter)],
    ["node", describe(expected.node), describe(found.node)],
    ["a cluster with a number of partitions of", expected.partitions, found.partitions],
    ["a cluster with nodes in each datacenter of", expected.nodesOf.join(" + "), found.nodesOf.join(" + ")],
  ] as const;
  for (const [what, wanted, actual] of facts) {
    if (wanted !== actual) throw new ForeignDataError(path, what, String(wanted), String(actual));
  }
}

function describe(named: { readonly name: string; readonly index: number }): string {
  return `${named.name} (index ${named.index})`;
}

async function readText(files: FilePort, path: string): Promise<string | undefined> {
  try {
    return await withFile(files, path, "read", async (file) => {
      const bytes = Buffer.alloc(Math.min(FILE_BYTES_MAX, await file.size()));
      return bytes.toString("utf8", 0, await readFully(file, bytes, 0));
    });
  } catch (error) {
    if (errorCodeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new DataDirectoryDamagedError(path, "not an identity file", error);
  }
}

function checksumOf(identity: StoredIdentity): number {
  const { format, cluster, datacenter, node, partitions, nodesOf, created } = identity;
  const facts = [format, cluster, datacenter.name, datacenter.index, node.name, node.index];
  return crc32(JSON.stringify([...facts, partitions, nodesOf, created]));
}

function isSealed(value: unknown): value is { format: number; checksum: unknown } {
  if (typeof value !== "object" || value === null) return false;
  return "format" in value && typeof value.format === "number" && "checksum" in value;
}

function isStoredIdentity(value: object): value is StoredIdentity {
  const { cluster, datacenter, node, partitions, nodesOf, created } = value as Partial<StoredIdentity>;
  return (
    typeof cluster === "string" &&
    typeof partitions === "number" &&
    Array.isArray(nodesOf) &&
    nodesOf.every((count) => typeof count === "number") &&
    typeof created === "string" &&
    isNamed(datacenter) &&
    isNamed(node)
  );
}

function isNamed(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return "name" in value && typeof value.name === "string" && "index" in value && typeof value.index === "number";
}
