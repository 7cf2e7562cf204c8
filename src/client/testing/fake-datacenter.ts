/*
 * A datacenter in memory behind the client's transport: nodes that answer the commands of the library in order, a constant
 * way there and back, and faults at will.
 *
 * A node can be down (connections are refused or break) or hung (it takes commands and answers nothing until it goes on).
 * `onCommand` decides about each command that arrives: refuse it, lose the connection before or after it was carried out,
 * or answer late; later answers on the same connection then come no earlier.
 */
import { ConnectionLostError } from "../errors.ts";
import type { Address, Command, Link, LinkEvents, Transport } from "../transport.ts";
import { formatAddress } from "../transport.ts";
import { keysIn } from "./fake-arguments.ts";
import { FakeStore } from "./fake-store.ts";
import type { VirtualTime } from "./virtual-time.ts";
import type { ReplyValue } from "../../protocol/resp/reply-values.ts";
import { replyError } from "../../protocol/resp/reply-values.ts";

export type Fault =
  | { readonly kind: "reply"; readonly reply: ReplyValue }
  | { readonly kind: "lost before" }
  | { readonly kind: "lost after" }
  | { readonly kind: "late"; readonly delayMs: number };

export const portBase = 7000;
const oneWayMs = 1;

export class FakeNode {
  up = true;
  password: string | undefined;
  onCommand: (command: Command) => Fault | undefined = () => undefined;
  /** Everything but greetings that arrived, in order. */
  readonly commands: Command[] = [];
  readonly index: number;
  readonly connections = new Set<FakeConnection>();
  hung = false;

  constructor(index: number) {
    this.index = index;
  }

  /** The names of the commands that arrived, with their keys. */
  get log(): string[] {
    return this.commands.map((command) => `${command[0]} ${keysIn(command).join(" ")}`);
  }

  crash(): void {
    this.up = false;
    for (const connection of this.connections) connection.lose();
  }

  goOn(): void {
    this.hung = false;
    for (const connection of this.connections) connection.serve();
  }
}

export class FakeConnection implements Link {
  /** The node sees it no more; `closed`: the client sees it no more. */
  broken = false;
  closed = false;
  readonly node: FakeNode;
  private readonly datacenter: FakeDatacenter;
  private readonly address: string;
  private readonly events: LinkEvents;
  private readonly arrived: Command[] = [];
  /** No answer leaves before this time. */
  private quietUntilMs = 0;

  constructor(datacenter: FakeDatacenter, node: FakeNode, address: string, events: LinkEvents) {
    this.datacenter = datacenter;
    this.node = node;
    this.address = address;
    this.events = events;
    datacenter.time.after(2 * oneWayMs, () => this.opened());
  }

  send(command: Command): void {
    this.datacenter.time.after(oneWayMs, () => {
      if (this.broken || !this.node.up) return;
      this.arrived.push(command);
      this.serve();
    });
  }

  close(): void {
    this.closed = true;
    this.node.connections.delete(this);
  }

  lose(): void {
    if (this.broken) return;
    this.broken = true;
    this.node.connections.delete(this);
    this.datacenter.time.after(oneWayMs, () => this.tellLost("broken"));
  }

  serve(): void {
    while (this.arrived.length > 0 && !this.node.hung && !this.broken) this.carryOut(this.arrived.shift() as Command);
  }

  private opened(): void {
    if (this.closed) return;
    if (!this.node.up) {
      this.tellLost("connect-failed");
      return;
    }
    this.node.connections.add(this);
    this.events.onOpen();
  }

  private tellLost(reason: "broken" | "connect-failed"): void {
    if (this.closed) return;
    this.closed = true;
    this.events.onLost(new ConnectionLostError(this.address, reason));
  }

  private carryOut(command: Command): void {
    const greeting = command[0] === "HELLO" || command[0] === "COPS.TOPOLOGY";
    if (!greeting) this.node.commands.push(command);
    const fault = greeting ? undefined : this.node.onCommand(command);
    if (fault?.kind === "lost before") this.lose();
    else if (fault?.kind === "reply") this.reply(fault.reply, 0);
    else if (command[0] === "COPS.OPENTOKEN") this.datacenter.openToken(command, (reply) => this.reply(reply, 0));
    else {
      const reply = this.datacenter.answer(command, this.node);
      if (fault?.kind === "lost after") this.lose();
      else this.reply(reply, fault?.kind === "late" ? fault.delayMs : 0);
    }
  }

  private reply(reply: ReplyValue, delayMs: number): void {
    const { time } = this.datacenter;
    this.quietUntilMs = Math.max(this.quietUntilMs, time.nowMs() + delayMs);
    time.after(this.quietUntilMs - time.nowMs() + oneWayMs, () => {
      if (!this.closed && !this.broken) this.events.onReply(reply);
    });
  }
}

export class FakeDatacenter implements Transport {
  readonly time: VirtualTime;
  readonly store: FakeStore;
  readonly nodes: FakeNode[];
  /** How many connections were ever asked for, by address. */
  readonly dials = new Map<string, number>();
  cluster = "album";
  view = 1;
  /** Dots that a token may hold and that are not applied here yet. */
  readonly missing = new Set<string>();

  constructor(time: VirtualTime, nodes: number, partitions: number) {
    this.time = time;
    this.store = new FakeStore(partitions, () => time.unixMs());
    this.nodes = Array.from({ length: nodes }, (_, index) => new FakeNode(index));
  }

  open(address: Address, events: LinkEvents): Link {
    const name = formatAddress(address);
    this.dials.set(name, (this.dials.get(name) ?? 0) + 1);
    const node = this.nodes[address.port % 1000] ?? unreachable();
    return new FakeConnection(this, node, name, events);
  }

  ownerOf(key: string): FakeNode {
    return this.nodes[this.store.partitionOf(key) % this.nodes.length] as FakeNode;
  }

  /** A key that this node owns; another for each `n`. */
  keyOn(node: FakeNode, n = 0): string {
    for (let i = 0, found = 0; ; i++) {
      const key = `key${i}`;
      if (this.ownerOf(key) === node && found++ === n) return key;
    }
  }

  answer(command: Command, node: FakeNode): ReplyValue {
    const [name] = command;
    if (name === "HELLO") return this.greet(command, node);
    if (name === "COPS.TOPOLOGY") return this.topology();
    if (name === "COPS.MAKETOKEN") return tokenOf(command[2] as string, command[4] as string);
    if (!keysIn(command).every((key) => this.ownerOf(key).up)) return replyError("UNAVAILABLE the owner is down");
    if (name === "COPS.GETVER") return this.store.read(command);
    return name === "COPS.GETTRANS" ? this.store.snapshot(command) : this.store.write(command);
  }

  openToken(command: Command, reply: (value: ReplyValue) => void): void {
    const [kind, floor, context = ""] = (command[1] as string).split(" ");
    if (kind !== "token") {
      reply(replyError("TOKENFORMAT this is not a causal token"));
      return;
    }
    const deadlineMs = this.time.nowMs() + Number(command[2]);
    const check = (): void => {
      if (this.missing.size === 0) reply([Buffer.from(context, "hex").toString("latin1"), Number(floor)]);
      else if (this.time.nowMs() >= deadlineMs) reply(replyError("TIMEOUT not everything has arrived"));
      else this.time.after(5, check);
    };
    check();
  }

  topology(): string {
    const { cluster, view, nodes, store } = this;
    const partitions = Array.from({ length: store.partitions }, (_, partition) => partition);
    return JSON.stringify({
      cluster,
      datacenter: { name: "ams", index: 0 },
      node: "n0",
      partitions: store.partitions,
      view,
      hash: "murmur3_32 seed 0",
      nodes: nodes.map(({ index }) => ({
        name: `n${index}`,
        host: "10.0.0.1",
        port: portBase + index,
        datacenter: 0,
        partitions: partitions.filter((partition) => partition % nodes.length === index),
      })),
    });
  }

  private greet(command: Command, node: FakeNode): ReplyValue {
    if (node.password === undefined) return { kind: "map", entries: [] };
    if (command[2] !== "AUTH") return replyError("NOAUTH HELLO must be called with the client already authenticated");
    return command[4] === node.password ? { kind: "map", entries: [] } : replyError("WRONGPASS invalid password");
  }
}

function tokenOf(context: string, floor: string): string {
  return `token ${floor} ${Buffer.from(context, "latin1").toString("hex")}`;
}

function unreachable(): FakeNode {
  const node = new FakeNode(-1);
  node.up = false;
  return node;
}
