/*
 * The seed's tools as their users run them (docs/SEED.md): every scenario in test/scenarios through ./master, what happens
 * to a bad one, how everything ends, and ./process under another master than ours.
 *
 * The protocol fixes ports, so this file looks for a range of them that nobody uses, and keeps its runs apart from others
 * of this clone.
 */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import type { Server, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { TextParser } from "../src/lab/seed/master-texts.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const scenarios = join(root, "test/scenarios");
/** The seed's own, where they lie beside the clone. */
const seedScenarios = join(root, "../shared/seed-scenarios");

const scenarioMsMax = 120_000;
const firstPort = 10_000;
const localBase = 20_000;
const pollMs = 20;

/** What is added to every port. */
let shift = 0;
let runDirectory = "";
const started = new Set<ChildProcess>();

beforeAll(async () => {
  for (shift = 0; shift <= 9_000 && !(await isFree(shift)); shift += 1_000);
  runDirectory = mkdtempSync(join(tmpdir(), "cops-seed-"));
});

afterAll(() => rmSync(runDirectory, { recursive: true }));

afterEach(() => {
  for (const child of started) child.kill("SIGKILL");
  started.clear();
});

/** Whether a scenario of three datacenters with ten partitions could have its ports. */
async function isFree(by: number): Promise<boolean> {
  const ports = [0, 1000, 2000].flatMap((first) => Array.from({ length: 10 }, (_, i) => localBase + first + i));
  const all = [...ports, ...Array.from({ length: 20 }, (_, i) => firstPort + i)];
  for (const port of all) if (!(await canListen(port + by))) return false;
  return true;
}

async function canListen(port: number): Promise<boolean> {
  const server = createServer().listen(port, "127.0.0.1");
  try {
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

function shifted(scenario: string): string {
  return scenario.replace(/^(\d+ start.* )(\d+)(\s*)$/gm, (_line, start: string, port: string, end: string) => {
    return `${start}${Number(port) + shift}${end}`;
  });
}

function launch(tool: string, ...words: (string | number)[]): ChildProcess {
  const env = { ...process.env, COPS_SEED_BASE_PORT: String(localBase + shift), COPS_SEED_RUN_DIR: runDirectory };
  const child = spawn(join(root, tool), words.map(String), { stdio: "pipe", env });
  child.stdin?.on("error", () => undefined);
  started.add(child);
  return child;
}

interface End {
  readonly code: number | null;
  readonly output: string;
  readonly errors: string;
}

async function endOf(child: ChildProcess): Promise<End> {
  let output = "";
  let errors = "";
  child.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output, errors };
}

function startMaster(scenario: string): ChildProcess {
  const master = launch("master");
  master.stdin?.end(shifted(scenario));
  return master;
}

async function runScenario(scenario: string): Promise<End> {
  return endOf(startMaster(scenario));
}

/** The processes of the runs of this file, by what they are. */
function running(): Map<string, number> {
  const names = existsSync(runDirectory) ? readdirSync(runDirectory) : [];
  const found = new Map<string, number>();
  for (const name of names.filter((one) => one.endsWith(".json"))) {
    try {
      const { pid, what } = JSON.parse(readFileSync(join(runDirectory, name), "utf8")) as { pid: number; what: string };
      if (isAlive(pid)) found.set(what, pid);
    } catch (error) {
      // It ended in between.
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    }
  }
  return found;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await sleep(pollMs);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

interface Scenario {
  readonly name: string;
  readonly input: string;
  readonly output: string;
}

function scenariosIn(directory: string): Scenario[] {
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).filter((name) => name.endsWith(".input"));
  return names.toSorted().map((file) => {
    const name = file.slice(0, -".input".length);
    const read = (kind: string): string => readFileSync(join(directory, `${name}.${kind}`), "utf8");
    return { name, input: read("input"), output: read("output") };
  });
}

const ours = scenariosIn(scenarios);
/** Those of the seed that are word for word among ours run once. */
const others = scenariosIn(seedScenarios).filter(
  ({ input, output }) => !ours.some((own) => own.input === input && own.output === output),
);

const small = `0 startServer 1 2 10000
1 startServer 1 2 10001
7 startClient 0 2 10002
`;

describe("./master", () => {
  it.each([...ours, ...others])(
    "runs $name and prints what its clients got",
    async ({ input, output }) => {
      expect(await runScenario(input)).toEqual({ code: 0, output, errors: "" });
    },
    scenarioMsMax,
  );

  it("takes Windows line ends, blank lines and no line end at the end", async () => {
    const scenario = `\r\n${small}\n7 put 1 v 0\n\n7 get 1\n7 get 2`.replaceAll("\n", "\r\n");
    expect(await runScenario(scenario)).toEqual({ code: 0, output: "1 v\n2 nil\n", errors: "" });
  });

  it("keeps the bytes of keys and values", async () => {
    const { output } = await runScenario(`${small}7 put ключ значение-1 0\n7 get ключ\n7 put 1 é 1\n7 get 1\n`);
    expect(output).toBe("ключ значение-1\n1 é\n");
  });

  it("starts nothing of a scenario that makes no sense, and names the lines", async () => {
    const { code, output, errors } = await runScenario(`${small}7 put 1\n\n8 get 1\n`);
    expect({ code, output }).toEqual({ code: 2, output: "" });
    expect(errors).toBe("master: line 4: put takes KEY VALUE PUTID\nmaster: line 6: client 8 was not started\n");
  });

  it("says which port is taken", async () => {
    const taken: Server = createServer().listen(firstPort + 2 + shift, "127.0.0.1");
    await once(taken, "listening");
    const { code, errors } = await runScenario(`${small}7 get 1\n`);
    taken.close();
    expect(code).toBe(1);
    expect(errors).toContain(`cannot listen on localhost:${firstPort + 2 + shift}: it is in use`);
  });

  it("ends the run when one of its processes ends, and says where", async () => {
    const master = startMaster(`${small}7 put 1 v 0\n0 sleep 600\n7 get 1\n`);
    const ended = endOf(master);
    await until(() => running().size === 4);
    process.kill(running().get("server 1") as number, "SIGKILL");
    const { code, output, errors } = await ended;
    expect({ code, output }).toEqual({ code: 1, output: "" });
    expect(errors).toMatch(/master: line \d: server 1 (ended \(SIGKILL\)|broke its connection)/);
    await until(() => running().size <= 1);
  });

  it("ends everything that it started on Ctrl-C", async () => {
    const master = startMaster(`${small}7 put 1 v 0\n0 sleep 600\n`);
    const ended = endOf(master);
    await until(() => running().size === 4);
    const pids = [...running().values()];
    master.kill("SIGINT");
    expect(await ended).toEqual({ code: 130, output: "", errors: "master: ended by SIGINT\n" });
    expect(pids.filter(isAlive)).toEqual([]);
  });
});

describe("./process", () => {
  it("ends by itself when its master was killed", async () => {
    const master = startMaster(`${small}7 get 1\n0 sleep 600\n`);
    if (master.stdout !== null) await once(master.stdout, "data");
    const pids = [...running().values()];
    expect(pids.length).toBe(4);
    master.kill("SIGKILL");
    await until(() => !pids.some(isAlive));
    expect(running().size).toBe(0);
  });

  it.each([
    [["server", 0, 1, 2], "four numbers are needed, not 3"],
    [["server", 9, 1, 2, 10_000], "server 9 is not one of 1 datacenters with 2 partitions"],
    [["server", 0, 1, "two", 10_000], "two is not a number"],
    [["client", 7, 0, 2, 0], "0 is not a port"],
    [["observer", 7, 0, 2, 10_000], "observer is neither server nor client"],
    [[], "nothing is neither server nor client"],
  ])("refuses %j", async (words, why) => {
    const { code, errors } = await endOf(launch("process", ...words));
    expect(code).toBe(2);
    expect(errors).toContain(`process: ${why}\nusage: ./process server ID N S PORT`);
  });
});

describe("./stopall", () => {
  it("ends what the tools started and nothing else", async () => {
    const bystander = spawn(process.execPath, ["-e", "setInterval(() => undefined, 1000)"]);
    started.add(bystander);
    // Another process has got the id of one of ours that is long gone.
    mkdirSync(runDirectory, { recursive: true });
    const stale = join(runDirectory, `${bystander.pid}.json`);
    writeFileSync(stale, JSON.stringify({ pid: bystander.pid, startedAt: "another time", what: "server 1" }));
    const ended = endOf(startMaster(`${small}7 put 1 v 0\n0 sleep 600\n`));
    const alone = endOf(launch("process", "server", 1000, 2, 1, firstPort + 9 + shift));
    await until(() =>
      ["master", "server 0", "server 1", "client 7", "server 1000"].every((what) => running().has(what)),
    );
    const pids = [...running().values()].filter((pid) => pid !== bystander.pid);
    const { code, output } = await endOf(launch("stopall"));
    expect(code).toBe(0);
    expect(output).toMatch(/^ended \d processes\n$/);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(bystander.exitCode).toBe(null);
    expect(running().size).toBe(0);
    expect([(await ended).code, (await alone).code]).toEqual([143, 0]);
    expect(await endOf(launch("stopall"))).toEqual({ code: 0, output: "ended 0 processes\n", errors: "" });
  });
});

/** Another master: it keeps only the last message that it blocked for a PUTID and a server, and checks what it is sent. */
class ForgetfulMaster {
  readonly texts: string[] = [];
  readonly routed: { readonly from: string; readonly to: string; readonly putId: string; readonly message: string }[] =
    [];
  private readonly sockets = new Map<string, Socket>();
  private readonly blocked = new Map<string, string | undefined>();

  async open(id: string, port: number): Promise<void> {
    for (;;) {
      const socket = connect(port + shift, "127.0.0.1");
      const opened = await once(socket, "connect").then(
        () => true,
        () => false,
      );
      if (opened) {
        this.attach(id, socket);
        return;
      }
      await sleep(pollMs);
    }
  }

  tell(id: string, line: string): void {
    this.sockets.get(id)?.write(`${line}\n`);
  }

  async ask(id: string, line: string): Promise<string> {
    const before = this.texts.length;
    this.tell(id, line);
    await until(() => this.texts.length > before);
    return this.texts[before] as string;
  }

  block(putId: string, server: string): void {
    this.blocked.set(`${putId} ${server}`, undefined);
  }

  unblock(putId: string, server: string): void {
    const message = this.blocked.get(`${putId} ${server}`);
    this.blocked.delete(`${putId} ${server}`);
    if (message !== undefined) this.tell(server, message);
  }

  close(): void {
    for (const socket of this.sockets.values()) socket.destroy();
  }

  private attach(id: string, socket: Socket): void {
    this.sockets.set(id, socket);
    const parser = new TextParser();
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      for (const text of parser.take(chunk)) this.take(text);
    });
  }

  private take(text: string): void {
    const [word, from = "", to = "", putId = "", ...words] = text.split(" ");
    if (word !== "route") {
      this.texts.push(text);
      return;
    }
    const message = words.join(" ");
    this.routed.push({ from, to, putId, message });
    if (this.blocked.has(`${putId} ${to}`)) this.blocked.set(`${putId} ${to}`, message);
    else this.tell(to, message);
  }
}

describe("under another master", () => {
  const master = new ForgetfulMaster();
  const noted: string[] = [];

  async function start(kind: string, id: number, group: number, port: number): Promise<void> {
    const child = launch("process", kind, id, group, 1, port + shift);
    child.stderr?.on("data", (chunk: Buffer) => noted.push(chunk.toString()));
    await master.open(String(id), port);
  }

  async function got(client: string, key: string, value: string): Promise<void> {
    await until(async () => (await master.ask(client, `get ${key}`)) === `getResult ${key} ${value}`);
  }

  it("each write is routed under its PUTID, once or repeated, and everything else under none of the scenario's", async () => {
    await start("server", 0, 2, 10_000);
    await start("server", 1000, 2, 10_001);
    await start("client", 7, 0, 10_002);
    await start("client", 8, 1, 10_003);
    expect(master.routed).toEqual([]);
    const putIds = ["0", "a", "2", "long/put-id"];
    for (const putId of putIds) master.block(putId, "1000");
    for (const [key, putId] of putIds.entries()) {
      expect(await master.ask("7", `put ${key} v${key} ${putId}`)).toBe("putResult success");
    }
    expect(await master.ask("7", "put 9 free 9")).toBe("putResult success");
    await until(() => master.routed.some(({ putId }) => putId === "9"));
    // What nobody acknowledges is repeated, under its PUTID again.
    await until(() => master.routed.filter(({ putId }) => putId === "0").length > 1);
    expect(await master.ask("8", "get 9")).toBe("getResult 9 nil");
    for (const putId of putIds.toReversed()) master.unblock(putId, "1000");
    await got("8", "9", "free");
    for (const key of putIds.keys()) await got("8", String(key), `v${key}`);
    for (const putId of [...putIds, "9"]) {
      const routed = master.routed.filter((one) => one.putId === putId);
      expect(routed.map(({ from, to }) => [from, to])).toContainEqual(["0", "1000"]);
      expect(routed.every(({ from, to }) => from === "0" && to === "1000")).toBe(true);
    }
    const names = new Set(master.routed.map(({ putId }) => putId));
    expect([...names].toSorted()).toEqual(["0", "2", "2147483647", "9", "a", "long/put-id"]);
    expect(master.routed.filter(({ message }) => !/^(hello \d+|frame \d+ [A-Za-z0-9+/=]+)$/.test(message))).toEqual([]);
    expect(noted).toEqual([]);

    // Rubbish is noted and nothing comes of it.
    const rubbish = [
      "",
      "rubbish",
      "frame 0",
      "frame 0 !!!",
      "frame 77 AAAA",
      "frame 0 AAAAAAAAAAAA",
      "hello x",
      "\0\u0007",
    ];
    for (const line of rubbish) master.tell("1000", line);
    master.tell("8", "delete 1");
    expect(await master.ask("8", "put 1")).toMatch(/^failed BADOPERATION /);
    expect(await master.ask("8", `put 1 v ${"9".repeat(41)}`)).toMatch(/^failed BADOPERATION /);
    expect(await master.ask("8", "put 1 after 10")).toBe("putResult success");
    await got("7", "1", "after");
    await until(() => noted.join("").split("\n").length > rubbish.length + 1);
    master.close();
    await until(() => ![...started].some((child) => child.exitCode === null));
    expect([...started].map((child) => child.exitCode)).toEqual([0, 0, 0, 0]);
  });
});
