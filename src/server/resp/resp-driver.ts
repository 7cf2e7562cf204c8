/*
 * What the RESP port needs of the node's driver (src/server/node-driver.ts).
 */
import type { NodeCore } from "../../core/node-core.ts";
import type { NodeId } from "../../core/placement.ts";
import type { Store } from "../../storage/store.ts";

export interface ControlCalls {
  handle(name: string, handler: (args: unknown, peer: NodeId) => unknown): void;
  call(peer: NodeId, name: string, args: unknown, timeoutMs: number): Promise<unknown>;
}

export interface RespDriver {
  readonly core: NodeCore;
  readonly store: Store;
  readonly control: ControlCalls;
  /** To be called before events are handed to the core. */
  beginTurn(): void;
}

export interface RespLogger {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
