/*
 * Operating errors as replies: the first word is the code. What is none of them is a bug, and no reply.
 */
import { ControlError } from "../errors.ts";
import { InvariantError } from "../../shared/assert.ts";
import { ReplyError } from "./errors.ts";

/** Undefined for a bug. */
export function replyErrorText(error: unknown): string | undefined {
  if (error instanceof ReplyError) return error.message;
  if (error instanceof ControlError) return controlText(error);
  if (error instanceof InvariantError || !(error instanceof Error)) return undefined;
  // Storage errors: they have codes of their own, and the store's owner deals with them.
  const { code } = error as { code?: unknown };
  return typeof code === "string" ? `UNAVAILABLE ${error.message}` : undefined;
}

/** What another node said begins with its code, and its message perhaps with the same code again. */
function controlText(error: ControlError): string {
  if (error.code !== "REMOTE") return `UNAVAILABLE ${error.message}`;
  return error.message.replace(/^([A-Z]+) \1 /, "$1 ");
}
