/*
 * The language of scenarios (docs/SEED.md): one step a line, read whole and judged before anything is started.
 *
 *   ID startServer N S PORT     ID startClient DID S PORT
 *   CID put KEY VALUE PUTID     CID get KEY
 *   0 block PUTID DEST          0 unblock PUTID DEST          0 sleep SECONDS          exit
 *
 * Blank lines are skipped, lines may end as on Windows, and the last one may not end at all.
 */
import { BadScenarioError } from "./errors.ts";
import type { ScenarioProblem } from "./errors.ts";
import { wordsOf } from "./line-socket.ts";
import { isPort, localPortOf, serverProblem, clientProblem, wholeNumber } from "./names.ts";
import { quoted } from "./note.ts";
import { putIdBytesMax } from "./put-ids.ts";

const sleepSecondsMax = 3_600;
const problemsMax = 20;

export interface StartStep {
  readonly kind: "startServer" | "startClient";
  readonly id: number;
  /** N of a server, DID of a client. */
  readonly group: number;
  readonly partitions: number;
  readonly port: number;
}

export interface PutStep {
  readonly kind: "put";
  readonly client: number;
  readonly key: string;
  readonly value: string;
  readonly putId: string;
}

export interface GetStep {
  readonly kind: "get";
  readonly client: number;
  readonly key: string;
}

export interface BlockStep {
  readonly kind: "block" | "unblock";
  readonly putId: string;
  readonly server: number;
}

export interface SleepStep {
  readonly kind: "sleep";
  readonly ms: number;
}

export type Action = StartStep | PutStep | GetStep | BlockStep | SleepStep;
export type Step = Action & { readonly line: number };

/** Throws BadScenarioError with every problem that it finds, up to a bound. */
export function parseScenario(text: string): Step[] {
  const problems: ScenarioProblem[] = [];
  const steps: Step[] = [];
  const started = new Started();
  for (const [index, line] of text.split("\n").entries()) {
    const words = wordsOf(line);
    if (words.length === 0) continue;
    if (words.length === 1 && words[0] === "exit") break;
    const action = parseAction(words);
    const problem = typeof action === "string" ? action : started.problem(action);
    if (problem !== undefined) problems.push({ line: index + 1, message: problem });
    else if (typeof action !== "string") steps.push({ ...action, line: index + 1 });
    if (problems.length >= problemsMax) break;
  }
  if (problems.length > 0) throw new BadScenarioError(problems);
  return steps;
}

/** The step, or what is wrong with the line. */
function parseAction([first, operation, ...args]: readonly string[]): Action | string {
  const id = wholeNumber(first);
  if (id === undefined || operation === undefined) return "a line begins with a number and a word, or is exit";
  if (operation === "startServer" || operation === "startClient") return parseStart(operation, id, args);
  if (operation === "put" || operation === "get") return parseOperation(operation, id, args);
  if (operation === "block" || operation === "unblock") return parseBlock(operation, args);
  if (operation === "sleep") return parseSleep(args);
  return `unknown step ${quoted(operation)}: startServer, startClient, put, get, block, unblock, sleep and exit are known`;
}

function parseStart(kind: StartStep["kind"], id: number, args: readonly string[]): StartStep | string {
  const [group, partitions, port] = args.map(wholeNumber);
  if (args.length !== 3 || group === undefined || partitions === undefined) {
    return kind === "startServer" ? "startServer takes N S PORT" : "startClient takes DID S PORT";
  }
  if (!isPort(port)) return `${quoted(args[2] ?? "")} is not a port`;
  const problem =
    kind === "startServer" ? serverProblem(id, { datacenters: group, partitions }) : clientProblem(group, partitions);
  return problem ?? { kind, id, group, partitions, port };
}

function parseOperation(kind: "put" | "get", client: number, args: readonly string[]): Action | string {
  const [key, value, putId] = args;
  if (kind === "get") return key === undefined || args.length !== 1 ? "get takes KEY" : { kind, client, key };
  if (key === undefined || value === undefined || putId === undefined || args.length !== 3) {
    return "put takes KEY VALUE PUTID";
  }
  if (putId.length > putIdBytesMax) return `a PUTID has at most ${putIdBytesMax} bytes`;
  return { kind, client, key, value, putId };
}

function parseBlock(kind: BlockStep["kind"], args: readonly string[]): BlockStep | string {
  const [putId, dest] = args;
  const server = wholeNumber(dest);
  if (putId === undefined || server === undefined || args.length !== 2) return `${kind} takes PUTID DEST`;
  return { kind, putId, server };
}

function parseSleep(args: readonly string[]): SleepStep | string {
  const seconds = args.length === 1 && /^\d{1,6}(\.\d{1,6})?$/.test(args[0] ?? "") ? Number(args[0]) : undefined;
  if (seconds === undefined || seconds > sleepSecondsMax) return `sleep takes SECONDS, at most ${sleepSecondsMax}`;
  return { kind: "sleep", ms: seconds * 1000 };
}

/** What the lines so far have started: a step may use only that. */
class Started {
  private readonly servers = new Set<number>();
  private readonly clients = new Set<number>();
  private readonly ports = new Map<number, string>();
  private shape: { readonly datacenters: number; readonly partitions: number } | undefined;

  problem(action: Action): string | undefined {
    if (action.kind === "startServer" || action.kind === "startClient") return this.start(action);
    if (action.kind === "put" || action.kind === "get") {
      return this.clients.has(action.client) ? undefined : `client ${action.client} was not started`;
    }
    return undefined;
  }

  private start(step: StartStep): string | undefined {
    const { kind, id, group, partitions, port } = step;
    const isServer = kind === "startServer";
    if (this.servers.has(id) || this.clients.has(id)) return `${id} was started before`;
    const ports = isServer ? [port, localPortOf(id)] : [port];
    const taken = ports.find((one) => this.ports.has(one));
    if (taken !== undefined) return `port ${taken} is ${this.ports.get(taken)}'s`;
    this.shape ??= isServer ? { datacenters: group, partitions } : undefined;
    const datacenters = isServer ? group : this.shape?.datacenters;
    if (this.shape !== undefined && (this.shape.datacenters !== datacenters || this.shape.partitions !== partitions)) {
      return `all servers and clients agree on ${this.shape.datacenters} datacenters with ${this.shape.partitions} partitions`;
    }
    const agreed = this.shape;
    if (!isServer && agreed !== undefined && group >= agreed.datacenters) return `there is no datacenter ${group}`;
    for (const one of ports) this.ports.set(one, `${isServer ? "server" : "client"} ${id}`);
    (isServer ? this.servers : this.clients).add(id);
    return undefined;
  }
}
