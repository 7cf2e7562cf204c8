/*
 * Process ids are used again. A process is known by its id together with when it started, on which boot of the machine:
 * nothing is signalled that is not known to be ours.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { LOCK_FILE_NAME } from "../../storage/directory-lock.ts";

/** Field 22 of /proc/<pid>/stat; counted from behind the command's name, which may hold spaces and brackets. */
const START_TIME_FIELD = 22 - 3;

const holderSchema = z.object({ pid: z.int().positive(), started: z.string().nullable(), boot: z.string().nullable() });

/** Who has a directory locked (storage/directory-lock.ts writes it). */
export type Holder = z.output<typeof holderSchema>;

/** The live process that holds the lock of a directory; undefined where there is none, or what held it is gone. */
export function liveHolderOf(directory: string): Holder | undefined {
  const text = readIfThere(join(directory, LOCK_FILE_NAME));
  if (text === undefined) return undefined;
  const holder = parsedHolder(text);
  return holder !== undefined && isAlive(holder) ? holder : undefined;
}

export function isAlive({ pid, started, boot }: Holder): boolean {
  if (process.platform !== "linux") return isRunning(pid);
  return started !== null && boot === bootId() && startTimeOf(pid) === started;
}

/** In clock ticks since boot, as the kernel prints it; undefined where there is no such process, or it is a zombie. */
export function startTimeOf(pid: number): string | undefined {
  const line = readIfThere(`/proc/${pid}/stat`);
  const fields = line?.slice(line.lastIndexOf(")") + 2).split(" ");
  return fields?.[0] === "Z" ? undefined : fields?.[START_TIME_FIELD];
}

export function bootId(): string | null {
  return readIfThere("/proc/sys/kernel/random/boot_id")?.trim() ?? null;
}

function parsedHolder(text: string): Holder | undefined {
  try {
    return holderSchema.safeParse(JSON.parse(text)).data;
  } catch (error) {
    // Half written when the machine crashed: then its process is gone as well.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as somebody else.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH" || code === "ENOTDIR") return undefined;
    throw error;
  }
}
