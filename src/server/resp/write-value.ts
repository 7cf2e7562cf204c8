/*
 * Writes plain data (what JSON can say) as RESP: objects become maps without their undefined members, arrays arrays.
 */
import type { ReplyWriter } from "../../protocol/resp/reply-writer.ts";

export function writeValue(reply: ReplyWriter, value: unknown): void {
  if (typeof value === "string") reply.bulkUtf8(value);
  else if (typeof value === "number") writeNumber(reply, value);
  else if (typeof value === "boolean") reply.boolean(value);
  else if (Array.isArray(value)) {
    reply.arrayHeader(value.length);
    for (const element of value) writeValue(reply, element);
  } else if (typeof value === "object" && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    reply.mapHeader(members.length);
    for (const [name, member] of members) {
      reply.bulkUtf8(name);
      writeValue(reply, member);
    }
  } else reply.null();
}

function writeNumber(reply: ReplyWriter, value: number): void {
  if (Number.isSafeInteger(value)) reply.integer(value);
  else reply.double(value);
}
