/*
 * What the shell does with a line, apart from the terminal: sends it as a command of one session, and keeps an eye on
 * that session's causal context. A connection that was lost is opened anew, with a context that has to begin anew too.
 */
import { z } from "zod";
import { CliError } from "./errors.ts";
import { replyJson, replyText } from "./reply-text.ts";
import type { RespConnection } from "./resp-connection.ts";
import { isReplyError, textOf } from "./resp-connection.ts";
import { splitInline } from "../protocol/resp/inline-arguments.ts";
import type { ReplyValue } from "../protocol/resp/reply-values.ts";
import { replyMap } from "../protocol/resp/reply-values.ts";
import { byteStringOfUtf8 } from "../shared/bytes.ts";

export interface LineOutcome {
  readonly text: string;
  readonly failed: boolean;
}

const topologySchema = z.looseObject({ datacenter: z.looseObject({ name: z.string() }) });
const listSchema = z.union([z.array(z.unknown()).transform((items) => items.length), z.int()]);
const contextSchema = z.looseObject({ dots: listSchema, prefixes: listSchema.default(0) });

export class ShellSession {
  /** Command names, for completion. */
  commands: readonly string[] = [];
  datacenter = "?";
  /** How many dependencies the session's context holds; undefined where the node does not tell. */
  contextSize: number | undefined;
  readonly #open: () => Promise<RespConnection>;
  #connection: RespConnection | undefined;

  constructor(open: () => Promise<RespConnection>) {
    this.#open = open;
  }

  /** Rejects with CliError where nobody answers. */
  async connect(): Promise<void> {
    this.#connection = await this.#open();
    // Replies that say what they are: maps, nulls, doubles.
    await this.#quietly("HELLO", "3");
    this.datacenter = (await this.#learnDatacenter()) ?? "?";
    this.commands = await this.#learnCommands();
    await this.#learnContext();
  }

  get address(): string {
    const { host, port } = this.#connection?.address ?? { host: "?", port: 0 };
    return `${host}:${port}`;
  }

  get prompt(): string {
    return `${this.datacenter} context ${this.contextSize ?? "?"}> `;
  }

  async run(line: string): Promise<LineOutcome> {
    const args = splitInline(byteStringOfUtf8(line));
    if (args === undefined) return { text: "(error) the quotes do not match", failed: true };
    if (args.length === 0) return { text: "", failed: false };
    try {
      if (this.#connection?.isOpen !== true) await this.connect();
      const reply = await this.#connection?.command(args);
      await this.#learnContext();
      const value = reply ?? null;
      return { text: replyText(value), failed: isReplyError(value) };
    } catch (error) {
      if (!(error instanceof CliError)) throw error;
      this.contextSize = undefined;
      return { text: `(error) ${error.message}; the next command connects anew, with an empty context`, failed: true };
    }
  }

  close(): void {
    this.#connection?.close();
  }

  async #learnDatacenter(): Promise<string | undefined> {
    const reply = await this.#quietly("COPS.TOPOLOGY", "JSON");
    if (typeof reply !== "string") return undefined;
    return topologySchema.safeParse(JSON.parse(textOf(reply))).data?.datacenter.name;
  }

  async #learnCommands(): Promise<string[]> {
    const reply = await this.#quietly("COMMAND");
    if (!Array.isArray(reply)) return [];
    return reply.flatMap((entry) =>
      Array.isArray(entry) && typeof entry[0] === "string" ? [entry[0].toUpperCase()] : [],
    );
  }

  async #learnContext(): Promise<void> {
    const reply = await this.#quietly("COPS.CONTEXT");
    const context = contextSchema.safeParse(asObject(reply)).data;
    this.contextSize = context === undefined ? undefined : context.dots + context.prefixes;
  }

  /** Undefined for an error: the shell is of use without what was asked for. */
  async #quietly(...args: string[]): Promise<ReplyValue | undefined> {
    const reply = await this.#connection?.command(args.map((arg) => byteStringOfUtf8(arg)));
    return reply === undefined || isReplyError(reply) ? undefined : reply;
  }
}

/** A map, or what RESP2 makes of one: names and values in turn. */
function asObject(reply: ReplyValue | undefined): unknown {
  if (!Array.isArray(reply)) return reply === undefined ? undefined : replyJson(reply);
  return replyJson(replyMap(reply.slice(0, reply.length - (reply.length % 2))));
}
