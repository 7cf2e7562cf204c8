import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { describe, expect, it, vi } from "vitest";
import { byteStringOf, bytesOf } from "../shared/bytes.ts";
import { DataDirectoryInUseError, StorageBusyError, StoreFailedError, StoreFullError } from "./errors.ts";
import { LevelStore, openLevelStore } from "./level-store.ts";
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

  it("opens LevelDB again after it ran out of room, and reads on until then", async () => {
    await withDirectory(async (directory) => {
      let isFull = false;
      const freeBytes = async (): Promise<number> => (isFull ? 0 : Number.MAX_SAFE_INTEGER);
      const encodings = { keyEncoding: "buffer", valueEncoding: "buffer" } as const;
      const level = new ClassicLevel<Buffer, Buffer>(directory, encodings);
      const store = new LevelStore(level, { directory, freeBytes });
      await store.write({ puts: [["a", bytesOf("before")]], deletes: [] });
      const batch = vi.spyOn(level, "batch");
      const open = vi.spyOn(level, "open");
      batch.mockImplementationOnce(() => {
        isFull = true;
        throw new Error("IO error: 000005.log: No space left on device");
      });
      const refused = { puts: [["a", bytesOf("refused")]], deletes: [] } as const;
      await expect(store.write(refused)).rejects.toBeInstanceOf(StoreFullError);
      await expect(store.write(refused)).rejects.toBeInstanceOf(StoreFullError);
      expect((await store.getMany(["a"])).map((value) => value && byteStringOf(value))).toEqual(["before"]);
      expect(open).not.toHaveBeenCalled();
      isFull = false;
      await store.write({ puts: [["a", bytesOf("after")]], deletes: [] });
      expect(open).toHaveBeenCalledOnce();
      expect((await store.getMany(["a"])).map((value) => value && byteStringOf(value))).toEqual(["after"]);
      await store.close();
    });
  });

  it("takes no more after any other failed write", async () => {
    await withDirectory(async (directory) => {
      const level = new ClassicLevel<Buffer, Buffer>(directory, {
        keyEncoding: "buffer",
        valueEncoding: "buffer",
      });
      const store = new LevelStore(level, { directory });
      vi.spyOn(level, "batch").mockImplementationOnce(() => {
        throw new Error("IO error: 000005.log: Input/output error");
      });
      const batch = { puts: [["a", bytesOf("1")]], deletes: [] } as const;
      await expect(store.write(batch)).rejects.toBeInstanceOf(StoreFailedError);
      await expect(store.write(batch)).rejects.toMatchObject({ retryable: false });
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
