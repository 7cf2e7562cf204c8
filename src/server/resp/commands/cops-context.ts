/*
 * COPS.CONTEXT: what this session has seen since its last write, for people: its dependencies and its floor.
 */
import { unixMsOfHybridTime } from "../../../protocol/hybrid-time.ts";
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import { formatDot } from "../../../protocol/version.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { OperationShape } from "../operation-shape.ts";

class ContextShape extends OperationShape {
  private readonly client: RespConnection;

  constructor(client: RespConnection) {
    super();
    this.client = client;
  }

  override reached(reply: ReplyWriter): void {
    const { session, named, services } = this.client;
    const { dots, prefixes } = session.context.dependencies();
    const { floor } = session.context;
    reply.mapHeader(6);
    reply.bulk("session");
    reply.bulkOrNull(named?.name);
    reply.bulk("datacenter");
    reply.bulkUtf8(services.topology().datacenter.name);
    reply.bulk("dots");
    writePairs(reply, dots);
    reply.bulk("prefixes");
    writePairs(reply, prefixes);
    reply.bulk("floor");
    reply.integer(floor);
    reply.bulk("floor_time");
    reply.bulk(floor === 0 ? "never" : new Date(unixMsOfHybridTime(floor)).toISOString());
  }
}

export const copsContext: OrderedCommand = {
  name: "cops.context",
  arity: 1,
  flags: ["readonly"],
  group: "cops",
  since: "0.1.0",
  summary: "Returns the dependencies and the floor of this session.",
  run(client: RespConnection): void {
    client.session.barrier(client.replies, client.replies.open(new ContextShape(client)));
  },
};

function writePairs(reply: ReplyWriter, pairs: readonly number[]): void {
  reply.arrayHeader(pairs.length / 2);
  for (let i = 0; i < pairs.length; i += 2) reply.bulk(formatDot(pairs[i] as number, pairs[i + 1] as number));
}
