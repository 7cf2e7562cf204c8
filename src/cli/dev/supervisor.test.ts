import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startTimeOf } from "./process-identity.ts";
import type { NodeState, SupervisedNode } from "./supervised-node.ts";
import type { SupervisorOptions } from "./supervisor.ts";
import { Supervisor } from "./supervisor.ts";

const fakeNode = fileURLToPath(new URL("../testing/fake-node.ts", import.meta.url));

let directory: string;
const running: Supervisor[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cops-supervisor-"));
});

afterEach(async () => {
  for (const supervisor of running.splice(0)) {
    supervisor.killAll();
    await supervisor.stop();
  }
  rmSync(directory, { recursive: true });
});

/** A supervisor of fake nodes, by their arguments; restarts are quick unless told. */
class Harness {
  readonly supervisor: Supervisor;
  /** What happened, as "name state". */
  readonly events: string[] = [];
  #watchers: (() => void)[] = [];

  constructor(nodes: readonly (readonly string[])[], options: Partial<SupervisorOptions> = {}) {
    this.supervisor = new Supervisor({
      nodes: nodes.map((args, i) => ({
        name: `n${i}`,
        command: process.execPath,
        args: [fakeNode, ...args],
        environment: process.env,
        outputFile: join(directory, `n${i}.log`),
      })),
      restartDelayMs: 1,
      ...options,
      onChange: (node) => {
        this.events.push(`${node.name} ${node.state}`);
        for (const check of this.#watchers) check();
      },
    });
    running.push(this.supervisor);
    this.supervisor.start();
  }

  node(index: number): SupervisedNode {
    const node = this.supervisor.nodes[index];
    if (node === undefined) throw new Error(`no node ${index}`);
    return node;
  }

  /** Resolves once the node enters that state after this call. */
  enters(index: number, state: NodeState): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.events.length;
    const check = (): void => {
      if (!this.events.slice(before).includes(`n${index} ${state}`)) return;
      this.#watchers = this.#watchers.filter((watcher) => watcher !== check);
      resolve();
    };
    this.#watchers.push(check);
    return promise;
  }
}

function kill(node: SupervisedNode): void {
  if (node.pid === null) throw new Error("the node does not run");
  process.kill(node.pid, "SIGKILL");
}

describe("a supervisor", () => {
  it("is ready when every node is, and stops them all", async () => {
    const harness = new Harness([["ready"], ["ready"]]);
    await harness.supervisor.ready;
    const pids = harness.supervisor.nodes.map(({ pid }) => pid ?? 0);
    expect(pids.map((pid) => startTimeOf(pid) !== undefined)).toEqual([true, true]);
    await harness.supervisor.stop();
    expect(harness.supervisor.nodes.map(({ state, pid }) => [state, pid])).toEqual([
      ["stopped", null],
      ["stopped", null],
    ]);
    expect(pids.map((pid) => startTimeOf(pid))).toEqual([undefined, undefined]);
  });

  it("starts a node again that was killed, as a new process, however often", async () => {
    const harness = new Harness([["ready"], ["ready"]]);
    await harness.supervisor.ready;
    for (let round = 1; round <= 3; round++) {
      const before = harness.node(0).pid;
      const again = harness.enters(0, "ready");
      kill(harness.node(0));
      await again;
      expect(harness.node(0).pid).not.toBe(before);
      expect(harness.node(0).restarts).toBe(round);
      expect(harness.node(0).restartDelayMs).toBe(1);
    }
    expect(harness.node(1).restarts).toBe(0);
  });

  it("leaves a node down where it is told to", async () => {
    const harness = new Harness([["ready"]], { restart: false });
    await harness.supervisor.ready;
    const dead = harness.enters(0, "dead");
    kill(harness.node(0));
    await dead;
    expect(harness.node(0)).toMatchObject({ pid: null, restarts: 0, lastExit: { code: null, signal: "SIGKILL" } });
    await harness.supervisor.stop();
    expect(harness.node(0).state).toBe("dead");
  });

  it("has patience with a node that needs several starts", async () => {
    const harness = new Harness([["fail-twice", join(directory, "starts")]]);
    await harness.supervisor.ready;
    expect(harness.node(0)).toMatchObject({ restarts: 2, failedStarts: 0 });
  });

  it("waits longer after every failed start, up to a bound", async () => {
    const harness = new Harness([["fail", "1"]], { restartDelayMs: 10, restartDelayMsMax: 30 });
    const delays: number[] = [];
    for (let start = 1; start <= 3; start++) {
      await harness.enters(0, "waiting");
      delays.push(harness.node(0).restartDelayMs);
    }
    expect(delays).toEqual([10, 20, 30]);
  });

  it("gives up on a node that never starts, with its last words", async () => {
    const { supervisor } = new Harness([["ready"], ["fail", "1"]]);
    await expect(supervisor.ready).rejects.toThrow(/^n1 does not start \(exit code 1\); .*n1\.log:\nit cannot go on/);
    expect(readFileSync(join(directory, "n1.log"), "utf8")).toBe("it cannot go on like this\n".repeat(3));
  });

  it.each(["2", "4"])("gives up at once on a node that refuses to start with exit code %s", async (code) => {
    const harness = new Harness([["fail", code]], { restartDelayMs: 60_000, restartDelayMsMax: 60_000 });
    await expect(harness.supervisor.ready).rejects.toThrow(`n0 does not start (exit code ${code})`);
    await harness.supervisor.stop();
    expect(harness.node(0).state).toBe("stopped");
  });

  it("says so when there is no such program", async () => {
    const supervisor = new Supervisor({
      restart: false,
      nodes: [
        { name: "n0", command: join(directory, "none"), args: [], environment: {}, outputFile: join(directory, "log") },
      ],
    });
    running.push(supervisor);
    supervisor.start();
    await expect(supervisor.ready).rejects.toThrow(/^n0 does not start \(could not be started\)[^]*ENOENT/);
  });

  it("ends a node that does not stop when it is asked to", async () => {
    const harness = new Harness([["stubborn"]], { stopTimeoutMs: 1 });
    await harness.supervisor.ready;
    await harness.supervisor.stop();
    expect(harness.node(0)).toMatchObject({ state: "stopped", lastExit: { signal: "SIGKILL" } });
  });

  it("does not start again what waits to be started when it stops", async () => {
    const harness = new Harness([["fail", "1"]], { restartDelayMs: 60_000, restartDelayMsMax: 60_000 });
    await harness.enters(0, "waiting");
    await harness.supervisor.stop();
    expect(harness.events).toEqual(["n0 starting", "n0 waiting", "n0 stopped"]);
  });
});
