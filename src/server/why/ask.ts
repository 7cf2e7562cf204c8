/*
 * One question of WHY to one node. Asking oneself takes no wire, but may take a disk that hangs: it has a timeout as well.
 */
import { ControlError } from "../errors.ts";
import type { NodeDriver } from "../node-driver.ts";
import type { NodeId } from "../../core/placement.ts";

/** Rejects with ControlError. The answer is of the shape that the request has (messages.ts). */
export function askNode(
  driver: NodeDriver,
  peer: NodeId,
  request: string,
  args: object,
  timeoutMs: number,
): Promise<unknown> {
  const allowedMs = Math.max(1, timeoutMs);
  driver.beginTurn();
  const answer = driver.control.call(peer, request, args, allowedMs);
  return peer === driver.core.state.self ? within(answer, peer, allowedMs) : answer;
}

async function within(answer: Promise<unknown>, peer: NodeId, allowedMs: number): Promise<unknown> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    const message = `this node did not come to an answer within ${allowedMs} ms`;
    timer = setTimeout(() => reject(new ControlError("TIMEOUT", message, peer)), allowedMs);
  });
  try {
    return await Promise.race([answer, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
