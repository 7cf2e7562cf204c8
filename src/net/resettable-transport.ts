/*
 * What both adapters offer beyond the port: to break a link on purpose. The fault layer needs it, since what it swallows
 * must look to both ends like a broken connection and never like a gap in a link that stayed up.
 */
import type { NodeId, Transport } from "./transport.ts";

export interface ResettableTransport extends Transport {
  /** Breaks the link, if there is one: both ends are told soon (never from inside this call), and it comes up anew. */
  reset(peer: NodeId, why: string): void;
}
