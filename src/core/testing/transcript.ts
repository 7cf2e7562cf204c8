/*
 * Plays a transcript: a text file of blocks, each some commands, a line of dashes and what then happened.
 *
 *   # Alice's write is visible here once it is durable.
 *   cluster datacenters=2 partitions=2
 *   alice = session 0.0
 *   ----
 *
 *   alice put 0:x 1
 *   settle
 *   ----
 *   0.0 appends put 0/0/1 0:x=1
 *   ...
 *
 * The test compares what happens with what the file says; recorded anew, the file says what happens, and the difference is
 * for a reviewer to read. Dots are datacenter/partition/seq; `..` before one means every seq up to it.
 */
import { Cluster } from "./cluster.ts";
import type { ClusterEvent } from "./cluster.ts";
import { entriesInWords, messagesInWords } from "./frame-words.ts";
import type { Outcome } from "./outcome.ts";
import { nodeName } from "./test-node.ts";
import type { TestNode } from "./test-node.ts";
import { assign } from "./test-session.ts";
import type { TestSession } from "./test-session.ts";
import { invariant } from "../../shared/assert.ts";

const dashes = "----";

interface Block {
  /** Comments and commands, as they stand. */
  readonly input: readonly string[];
}

/** Answers the transcript with what happened in the place of what was recorded. */
export function play(transcript: string): string {
  const player = new TranscriptPlayer();
  const blocks = blocksOf(transcript).map(({ input }) => {
    const output = player.run(input.filter((line) => line !== "" && !line.startsWith("#")));
    return [...input, dashes, ...output].join("\n");
  });
  return `${blocks.join("\n\n")}\n`;
}

function blocksOf(transcript: string): Block[] {
  const blocks: Block[] = [];
  let input: string[] = [];
  let inOutput = false;
  for (const line of transcript.split("\n")) {
    if (inOutput) {
      inOutput = line !== "";
    } else if (line === dashes) {
      blocks.push({ input });
      input = [];
      inOutput = true;
    } else if (line !== "" || input.length > 0) {
      input.push(line);
    }
  }
  invariant(
    input.every((line) => line === ""),
    `a block ends with ${dashes}`,
  );
  return blocks;
}

class TranscriptPlayer {
  private cluster: Cluster | undefined;
  private readonly sessions = new Map<string, TestSession>();
  private output: string[] = [];

  run(commands: readonly string[]): string[] {
    this.output = [];
    for (const command of commands) {
      const words = command.split(" ");
      const [first = "", second = ""] = words;
      const session = this.sessions.get(first);
      if (second === "=") this.openSession(first, words[3] ?? "");
      else if (session !== undefined) this.runSession(session, first, second, words.slice(2));
      else this.runCluster(first, words.slice(1));
    }
    return this.output;
  }

  private openSession(name: string, at: string): void {
    const [datacenter, node] = at.split(".").map(Number) as [number, number];
    this.sessions.set(name, this.there.session(datacenter, node, name));
  }

  private runSession(session: TestSession, name: string, command: string, words: string[]): void {
    const [key = "", value = ""] = words;
    if (command === "put") session.put(key, value);
    else if (command === "delete") session.delete(key);
    else if (command === "get") session.get(key);
    else if (command === "put-all") session.putAll(words.map((word) => assign(...keyAndValue(word))));
    else if (command === "attach") session.attach(this.session(key).seen(), Number(value));
    else if (command === "context") this.note(`${name} depends on ${[...session.dots, ...session.prefixes].join(" ")}`);
    else invariant(false, `a session knows no command ${command}`);
  }

  private runCluster(command: string, words: string[]): void {
    if (command === "cluster") {
      this.open(words);
      return;
    }
    if (command === "settle") this.there.settle();
    else if (command === "advance") this.there.advance(Number(words[0]), 100);
    else if (words.length >= 2) this.runLink(command, this.node(words[0]), this.node(words[1]), Number(words[2] ?? 0));
    else this.runNode(command, this.node(words[0]));
  }

  private runLink(command: string, a: TestNode, b: TestNode, index: number): void {
    const { there } = this;
    if (command === "hold") there.hold(a, b);
    else if (command === "release") there.release(a, b);
    else if (command === "deliver") there.deliver(a, b, index);
    else if (command === "duplicate") there.duplicate(a, b);
    else if (command === "drop") this.note(`${there.drop(a, b)} lost`);
    else if (command === "cut") there.cut(a, b);
    else if (command === "heal") there.heal(a, b);
    else invariant(false, `a link knows no command ${command}`);
  }

  private runNode(command: string, node: TestNode): void {
    if (command === "hold-disk") node.diskHeld = true;
    else if (command === "release-disk") node.diskHeld = false;
    else if (command === "sync") node.sync();
    else if (command === "crash") this.there.crash(node);
    else if (command === "restart") this.there.restart(node);
    else if (command === "checkpoint") node.checkpoint();
    else if (command === "status") this.status(node);
    else invariant(false, `a node knows no command ${command}`);
  }

  private status(node: TestNode): void {
    const { gate, state } = node.core;
    for (const { write } of gate.all()) this.note(`${node.name} ${write.key}=${write.value} waits`);
    for (const partition of state.partitions.values()) {
      const applied = partition.applied.map((set) => set.watermark).join(" ");
      this.note(`${node.name} partition ${partition.id} applied ${applied}, stable ${partition.stable.join(" ")}`);
    }
  }

  private open(words: readonly string[]): void {
    const given = new Map(words.map((word) => word.split("=") as [string, string]));
    const numberOf = (name: string): number => Number(given.get(name) ?? 1);
    this.cluster = new Cluster({
      datacenters: numberOf("datacenters"),
      nodes: numberOf("nodes"),
      partitions: numberOf("partitions"),
      onEvent: (event) => {
        if (this.cluster !== undefined) this.onEvent(event);
      },
    });
  }

  private onEvent(event: ClusterEvent): void {
    if (event.kind === "sent") {
      for (const words of messagesInWords(event.frame)) {
        this.note(`${nodeName(event.from)} -> ${nodeName(event.to)} ${words}`);
      }
    } else if (event.kind === "node" && event.frame === undefined) {
      this.note(`${event.node.name} ${event.what}`);
    } else if (event.kind === "node" && event.frame !== undefined) {
      for (const words of entriesInWords(event.frame)) this.note(`${event.node.name} appends ${words}`);
    } else if (event.kind === "answered") {
      this.note(`${event.session}: ${event.what} ${outcomeInWords(event.outcome)}`);
    }
  }

  private note(line: string): void {
    this.output.push(line);
  }

  private get there(): Cluster {
    invariant(this.cluster !== undefined, "a transcript begins with its cluster");
    return this.cluster;
  }

  private session(name: string): TestSession {
    const session = this.sessions.get(name);
    invariant(session !== undefined, `there is no session ${name}`);
    return session;
  }

  private node(name: string | undefined): TestNode {
    const node = this.there.nodes.find((candidate) => candidate.name === name);
    invariant(node !== undefined, `there is no node ${name}`);
    return node;
  }
}

/** "0:x=1" */
function keyAndValue(word: string): [key: string, value: string] {
  const [key = "", value = ""] = word.split("=");
  return [key, value];
}

function outcomeInWords(outcome: Outcome): string {
  if (outcome.state === "failed") return `failed: ${outcome.failure}`;
  if (outcome.state === "reached") return "done";
  if (outcome.state === "written") return `done: ${outcome.dot ?? "nothing written"}`;
  return outcome.dot === undefined ? "found nothing" : `found ${outcome.value ?? "a tombstone"} (${outcome.dot})`;
}
