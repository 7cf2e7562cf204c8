/*
 * MSETNX key value [key value ...]: all of them at once where none of the keys is there, else nothing: one write transaction,
 * each part with its condition (design, 3.6).
 */
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import { conditionAbsent } from "../../../protocol/messages/forward.ts";
import type { Version } from "../../../protocol/version.ts";
import type { OrderedCommand } from "../command.ts";
import { everySecondKey, pairsOf, writesOf } from "../key-value-pairs.ts";
import type { KeyValuePairs } from "../key-value-pairs.ts";
import { conditionalInMulti } from "../queued-command.ts";
import { TransactionReply } from "../transaction-reply.ts";

class MultipleSetnx extends TransactionReply {
  private isWritten = false;

  begin(pairs: KeyValuePairs): void {
    this.write(writesOf(pairs, conditionAbsent));
  }

  protected override onWritten(version: Version | undefined): void {
    this.isWritten = version !== undefined;
    this.settle();
  }

  protected override answer(reply: ReplyWriter): void {
    reply.integer(this.isWritten ? 1 : 0);
  }
}

export const msetnx: OrderedCommand = {
  name: "msetnx",
  arity: -3,
  flags: ["write", "denyoom"],
  keys: everySecondKey,
  group: "string",
  since: "1.0.1",
  summary: "Atomically modifies the string values of one or more keys only when all keys don't exist.",
  inMulti: () => conditionalInMulti("MSETNX"),
  run(client, args) {
    const pairs = pairsOf(args, "msetnx");
    if (typeof pairs === "string") client.replies.error(pairs);
    else new MultipleSetnx(client).begin(pairs);
  },
};
