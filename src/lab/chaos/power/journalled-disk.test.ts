/*
 * The disk whose power can be cut, beneath files and beneath a real log on the real file system: what was synced is there
 * after every cut, what was not is lost by some, and a disk that lies about syncs is found out.
 */
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { markPowerCut, openJournalledDisk, powerCutsOf } from "./journalled-disk.ts";
import { asBytes } from "../../../storage/as-bytes.ts";
import { LogCorruptError } from "../../../storage/errors.ts";
import { openFileLog } from "../../../storage/file-log.ts";
import { withFile } from "../../../storage/file-port.ts";
import type { FilePort, OpenMode } from "../../../storage/file-port.ts";

let directory: string;
let data: string;
let journal: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cops-power-"));
  data = join(directory, "data");
  journal = join(directory, "journal");
});
afterEach(() => rmSync(directory, { recursive: true }));

function open(isLying = false): FilePort {
  return openJournalledDisk(journal, data, isLying);
}

function cutPower(seed: number, isLying = false): FilePort {
  markPowerCut(journal, seed);
  return open(isLying);
}

async function write(files: FilePort, name: string, text: string, mode: OpenMode, sync = false): Promise<void> {
  await withFile(files, `${data}/${name}`, mode, async (file) => {
    await file.write([Buffer.from(text)], 0);
    if (sync) await file.sync();
  });
}

function textOf(name: string): string | undefined {
  const path = join(data, name);
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

describe("a disk whose power is cut", () => {
  it("keeps what was synced, and loses what was not with some seeds", async () => {
    let files = open();
    await files.makeDirectory(data);
    await write(files, "kept", "synced", "create", true);
    await files.syncDirectory(data);
    await write(files, "kept", "durable", "durable");
    const outcomes = new Set<string | undefined>();
    for (let seed = 0; seed < 40; seed++) {
      if (textOf("loose") !== undefined) await files.unlink(`${data}/loose`);
      await write(files, "loose", "not synced", "create");
      await write(files, "kept", "durable", "write");
      files = cutPower(seed);
      expect(textOf("kept")).toBe("durable");
      outcomes.add(textOf("loose"));
    }
    // Not there, empty, cut short, whole.
    expect(outcomes).toContain(undefined);
    expect(outcomes).toContain("not synced");
    expect(outcomes.size).toBeGreaterThan(3);
    expect(powerCutsOf(journal)).toHaveLength(40);
    expect(powerCutsOf(journal)[0]?.unsynced).toBeGreaterThan(0);
  });

  it("leaves everything where a process was only killed, and loses it when the power is cut later", async () => {
    const files = open();
    await files.makeDirectory(data);
    await write(files, "loose", "not synced", "create");
    open();
    expect(textOf("loose")).toBe("not synced");
    const outcomes = new Set<string | undefined>();
    for (let seed = 0; seed < 20 && textOf("loose") !== undefined; seed++) {
      cutPower(seed);
      outcomes.add(textOf("loose"));
    }
    expect(outcomes).toContain(undefined);
  });

  it("undoes and keeps renames and removals as wholes until their directory was synced", async () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < 40; seed++) {
      rmSync(directory, { recursive: true });
      let files = open();
      await files.makeDirectory(data);
      await write(files, "old", "text", "create", true);
      await files.syncDirectory(data);
      await files.rename(`${data}/old`, `${data}/new`);
      files = cutPower(seed);
      outcomes.add(`${textOf("old")} ${textOf("new")}`);
      if (textOf("new") === undefined) await files.rename(`${data}/old`, `${data}/new`);
      await files.syncDirectory(data);
      cutPower(seed);
      expect([textOf("old"), textOf("new")]).toEqual([undefined, "text"]);
    }
    expect([...outcomes].toSorted()).toEqual(["text undefined", "undefined text"]);
  });

  it("takes what a kill left between the disk and the journal as it is", async () => {
    const files = open();
    await files.makeDirectory(data);
    await write(files, "one", "1", "create", true);
    await files.syncDirectory(data);
    rmSync(join(data, "one"));
    writeFileSync(join(data, "two"), "2");
    appendFileSync(join(journal, "journal"), "cut sh");
    await write(open(), "two", "3", "durable");
    cutPower(1);
    expect([textOf("one"), textOf("two")]).toEqual([undefined, "3"]);
  });
});

describe("a log on such a disk", () => {
  /** Twenty appends between one power cut and the next; what became of them. */
  async function story(isLying: boolean): Promise<string> {
    let files = open(isLying);
    let appended = 0;
    for (let seed = 0; seed < 8; seed++) {
      const log = await openFileLog({
        directory: `${data}/log`,
        identity: "c/n",
        files,
        segmentBytes: 4096,
        reserveBytes: 0,
      });
      const found = (await log.read(log.start, 1024 ** 2)).length;
      if (found < appended) return "acknowledged appends are gone";
      for (let i = 0; i < 20; i++, appended++) {
        const frame = asBytes(Buffer.from(`frame ${appended} ${"x".repeat(300)}`));
        await log.append(frame, frame.length);
      }
      await log.close();
      files = cutPower(seed, isLying);
    }
    return `${appended} were there`;
  }

  it("has every append that was acknowledged", async () => {
    expect(await story(false)).toBe("160 were there");
  });

  it("is found out where the disk says durable and is not", async () => {
    const end = await story(true).catch((error: unknown) => (error instanceof LogCorruptError ? error.code : error));
    expect(["acknowledged appends are gone", "LOG_CORRUPT"]).toContain(end);
  });
});
