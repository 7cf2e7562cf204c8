/*
 * COPS.CAS key version value [EX seconds | PX ms | EXAT seconds | PXAT ms | KEEPTTL]: writes where the key shows exactly this
 * version (version-text.ts), judged at the head of its partition, in the order of the log:
 *
 *   [1, the version written]     [0, the version that is there, or none]
 */
import type { ReplyWriter } from "../../../protocol/resp/reply-writer.ts";
import { conditionVersion } from "../../../protocol/messages/forward.ts";
import { effectAssign } from "../../../protocol/version.ts";
import type { Version } from "../../../protocol/version.ts";
import type { ByteString } from "../../../shared/bytes.ts";
import { oneKey } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { expiryAt, ExpiryOptions, expiryOptionsOf } from "../expiry-arguments.ts";
import { OperationShape } from "../operation-shape.ts";
import { conditionalInMulti } from "../queued-command.ts";
import { sizeProblem } from "../size-limits.ts";
import { notAVersion, textOfVersion, versionOfText } from "../version-text.ts";

class CasShape extends OperationShape {
  override writeDone(reply: ReplyWriter, version: Version | undefined, old: Version | undefined): void {
    reply.arrayHeader(2);
    reply.integer(version === undefined ? 0 : 1);
    reply.bulk(textOfVersion(version ?? old));
  }
}

const shape = new CasShape();

export const copsCas: OrderedCommand = {
  name: "cops.cas",
  arity: -4,
  flags: ["write", "denyoom"],
  keys: oneKey,
  group: "cops",
  since: "0.1.0",
  summary: "Sets the string value of a key where it shows exactly the version given.",
  inMulti: () => conditionalInMulti("COPS.CAS"),
  run(client: RespConnection, args: readonly ByteString[]): void {
    const key = args[1] as ByteString;
    const value = args[3] as ByteString;
    const expected = versionOfText(args[2] as ByteString);
    const asked =
      expected === undefined
        ? notAVersion
        : (sizeProblem(key, value) ?? expiryOptionsOf(args, 4, new ExpiryOptions("cops.cas", "keepttl")));
    if (typeof asked === "string") {
      client.replies.error(asked);
      return;
    }
    const write = {
      effect: effectAssign,
      key,
      value,
      expiry: expiryAt(asked, client.services.core.state.nowMs),
      condition: conditionVersion,
      expected,
      wantOld: false,
      request: undefined,
    } as const;
    client.session.write(write, client.replies, client.replies.open(shape));
  },
};
