import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bytesOf } from "../shared/bytes.ts";
import { DataDirectoryInUseError, StorageBusyError } from "./errors.ts";
import type { LevelStore } from "./level-store.ts";
import { openLevelStore } from "./level-store.ts";
import { nodeFilePort } from "./node-file-port.ts";
import { describeStoreConformance } from "./store-conformance.ts";

describeStoreConformance("LevelDB store", async () => {
  const directory = await mkdtemp(join(tmpdir(), "cops-store-"));
  let isFull = false;
  const freeBytes = async (path: string): Promise<number> => (isFull ? 0 : nodeFilePort.freeBytes(path));
  const open = (): Promise<LevelStore> => openLevelStore({ directory, freeBytes });
  return {
    open,
    restart: async (store) => {
      await store.close();
      return open();
    },
    setFull: (_store, full) => {
      isFull = full;
    },
    dispose: () => rm(directory, { recursive: true }),
  };
});

async function withDirectory(use: (directory: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "cops-store-"));
  try {
    await use(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

describe("the LevelDB store", () => {
  it("refuses a directory that another store has open", async () => {
    await withDirectory(async (directory) => {
      const store = await openLevelStore({ directory });
      await expect(openLevelStore({ directory })).rejects.toBeInstanceOf(DataDirectoryInUseError);
      await store.close();
      await (await openLevelStore({ directory })).close();
    });
  });

  it("bounds the reads that wait and serves those that it took", async () => {
    await withDirectory(async (directory) => {
      const store = await openLevelStore({ directory });
      await store.write({ puts: [["a", bytesOf("1")]], deletes: [] });
      const reads = Array.from({ length: 2000 }, () => store.getMany(["a"]));
      const outcomes = await Promise.allSettled(reads);
      const refused = outcomes.filter((outcome) => outcome.status === "rejected");
      expect(refused.length).toBe(2000 - 1024 - 2);
      for (const { reason } of refused) expect(reason).toBeInstanceOf(StorageBusyError);
      await store.close();
    });
  });

  it("estimates its size", async () => {
    await withDirectory(async (directory) => {
      const value = bytesOf("x".repeat(1000));
      const store = await openLevelStore({ directory, writeBufferBytes: 64 * 1024 });
      for (let batch = 0; batch < 32; batch++) {
        const keys = Array.from({ length: 50 }, (_, index) => `${batch}:${index}`);
        await store.write({ puts: keys.map((key) => [key, value] as const), deletes: [] });
      }
      expect(store.stats().bytes).toBeGreaterThan(0);
      await store.close();
    });
  });
});
