/*
 * MSET key value [key value ...]: all of them at once, in every datacenter: one write transaction (design, 3.6). Of a key that
 * is named twice the last value counts.
 */
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import { conditionNone } from "../../../protocol/messages/forward.ts";
import type { OrderedCommand } from "../command.ts";
import { everySecondKey, pairsOf, writesOf } from "../key-value-pairs.ts";
import type { KeyValuePairs } from "../key-value-pairs.ts";
import { answerOk } from "../queued-command.ts";
import { TransactionReply } from "../transaction-reply.ts";

class MultipleSet extends TransactionReply {
  begin(pairs: KeyValuePairs): void {
    this.write(writesOf(pairs, conditionNone));
  }

  protected override onWritten(): void {
    this.settle();
  }

  protected override answer(reply: ReplyWriter): void {
    reply.ok();
  }
}

export const mset: OrderedCommand = {
  name: "mset",
  arity: -3,
  flags: ["write", "denyoom"],
  keys: everySecondKey,
  group: "string",
  since: "1.0.1",
  summary: "Atomically creates or modifies the string values of one or more keys.",
  inMulti(args) {
    const pairs = pairsOf(args, "mset");
    if (typeof pairs === "string") return pairs;
    return {
      kind: "write",
      fold(plan) {
        for (const [key, value] of pairs) plan.assign(key, value, 0);
        return answerOk;
      },
    };
  },
  run(client, args) {
    const pairs = pairsOf(args, "mset");
    if (typeof pairs === "string") client.replies.error(pairs);
    else new MultipleSet(client).begin(pairs);
  },
};
