/*
 * How the outcome of one operation on a key is said in RESP: the half of a command that comes after the core. One object
 * for each command, made once and shared by all connections, so that a GET or a SET makes nothing but its reply.
 */
import type { ReplyWriter } from "../../protocol/resp/reply-writer.ts";
import type { Version } from "../../protocol/version.ts";
import { invariant } from "../../shared/assert.ts";
import type { ByteString } from "../../shared/bytes.ts";

export class OperationShape {
  readDone(_reply: ReplyWriter, _version: Version | undefined): void {
    invariant(false, "this command reads nothing");
  }

  writeDone(_reply: ReplyWriter, _version: Version | undefined, _old: Version | undefined): void {
    invariant(false, "this command writes nothing");
  }

  reached(_reply: ReplyWriter): void {
    invariant(false, "this command waits for no point of its session");
  }
}

/** What a reader finds; a key that was never written and one that was deleted are both nothing. */
export function valueOf(version: Version | undefined): ByteString | undefined {
  return version === undefined || version.deleted ? undefined : version.value;
}
