/*
 * MSET key value [key value ...]: one write for each key, in the order given: no transaction yet, so others may see some of
 * them and not the rest, but never a later one without the earlier ones (each depends on the one before).
 */
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import { conditionNone } from "../../../protocol/messages/forward.ts";
import { effectAssign } from "../../../protocol/version.ts";
import type { ByteString } from "../../../shared/bytes.ts";
import { wrongArity } from "../command.ts";
import type { KeyPositions, OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { Gather } from "../gather.ts";
import { sizeProblem } from "../size-limits.ts";

const everySecond: KeyPositions = { first: 1, last: -1, step: 2 };

class MultipleSet extends Gather {
  private readonly args: readonly ByteString[];

  constructor(client: RespConnection, args: readonly ByteString[]) {
    super(client, (args.length - 1) / 2);
    this.args = args;
  }

  protected override submit(index: number): void {
    const write = {
      effect: effectAssign,
      key: this.args[2 * index + 1] as ByteString,
      value: this.args[2 * index + 2] as ByteString,
      expiry: 0,
      condition: conditionNone,
      wantOld: false,
      request: undefined,
    } as const;
    this.client.session.write(write, this, index);
  }

  protected override onWritten(): void {
    // All that counts is that each was written.
  }

  protected override answer(reply: ReplyWriter): void {
    reply.ok();
  }
}

export const mset: OrderedCommand = {
  name: "mset",
  arity: -3,
  flags: ["write", "denyoom"],
  keys: everySecond,
  group: "string",
  since: "1.0.1",
  summary: "Sets the values of one or more keys, one after the other.",
  run(client: RespConnection, args: readonly ByteString[]): void {
    const problem = problemOf(args);
    if (problem === undefined) new MultipleSet(client, args).begin();
    else client.replies.error(problem);
  },
};

/** Looked for in all pairs before any is written. */
function problemOf(args: readonly ByteString[]): ByteString | undefined {
  if (args.length % 2 === 0) return wrongArity("mset");
  for (let i = 1; i < args.length; i += 2) {
    const problem = sizeProblem(args[i] as ByteString, args[i + 1] as ByteString);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
