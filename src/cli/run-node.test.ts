import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";

const fakeServer = fileURLToPath(new URL("testing/fake-server.ts", import.meta.url));
const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<{ code: number | null; output: string }>;
  /** Resolves when that was logged. */
  said(words: string): Promise<void>;
}

function run(...args: string[]): Run {
  const child = fork(fakeServer, args, { silent: true });
  started.push(child);
  let output = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  // Not "close", which does not come where the parent ended the channel.
  const ended = Promise.all([once(child, "exit"), once(child.stdout ?? child, "close")]).then(([[code]]) => {
    return { code: code as number | null, output };
  });
  const said = async (words: string): Promise<void> => {
    while (!output.includes(words) && child.stdout !== null) await once(child.stdout, "data");
  };
  return { child, ended, said };
}

async function ready(child: ChildProcess): Promise<void> {
  expect(await once(child, "message")).toContainEqual({ type: "ready" });
}

describe("a node that runs", () => {
  it.each(["SIGTERM", "SIGINT"] as const)(
    "tells its parent that it is ready, and stops in order at %s",
    async (signal) => {
      const { child, ended } = run("closes");
      await ready(child);
      child.kill(signal);
      const { code, output } = await ended;
      expect(code).toBe(0);
      expect(output).toContain(`"why":"${signal}"`);
      expect(output).toContain('"msg":"stopped"');
    },
  );

  it("stops when its parent is gone", async () => {
    const { child, ended } = run("closes");
    await ready(child);
    child.disconnect();
    expect((await ended).code).toBe(0);
  });

  it("ends when it does not close in time", async () => {
    const { child, ended } = run("does not close", "1");
    await ready(child);
    child.kill("SIGTERM");
    const { code, output } = await ended;
    expect([code, output.includes('"outcome":"late"')]).toEqual([1, true]);
  });

  it("ends at once at a second signal", async () => {
    const { child, ended, said } = run("does not close");
    await ready(child);
    child.kill("SIGTERM");
    await said("stopping");
    child.kill("SIGTERM");
    const { code, output } = await ended;
    expect([code, output.includes('"outcome":"impatient"')]).toEqual([1, true]);
  });

  it.each([
    ["fails to start", "it does not start"],
    ["never gets ready", "not ever"],
  ])("passes on why it %s", async (behaviour, words) => {
    const { code, output } = await run(behaviour).ended;
    expect([code, output.includes(words)]).toEqual([9, true]);
  });
});
