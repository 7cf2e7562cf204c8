/*
 * What the client's core asks of the world: connections that carry commands and replies, and time. The core knows no
 * sockets, so its tests run it over connections in memory and on virtual time.
 *
 * A link is one connection to one node: commands go out in the order of `send`, all that are sent in one turn of the
 * event loop together; replies come back in the same order, one for each command. How they are encoded is the adapter's
 * affair (resp-link.ts).
 */
import type { ClientError } from "./errors.ts";
import type { ReplyValue } from "../protocol/resp/reply-values.ts";
import type { ByteString } from "../shared/bytes.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export function formatAddress(address: Address): string {
  return address.host.includes(":") ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** A command's name and its arguments. */
export type Command = readonly ByteString[];

/** Never called from inside a call to the link or the transport. */
export interface LinkEvents {
  /** Commands may be sent. */
  onOpen(): void;
  onReply(reply: ReplyValue): void;
  /** Once, last, unless `close` was called. Commands without a reply may have been carried out or not. */
  onLost(error: ClientError): void;
}

export interface Link {
  send(command: Command): void;
  /**
   * Ends the connection; nothing is told any more. With `reset`, what the node has not read yet is thrown away where the
   * adapter can.
   */
  close(reset: boolean): void;
}

export interface Transport {
  /** Begins to connect. */
  open(address: Address, events: LinkEvents): Link;
}

/** Time and chance. */
export interface Surroundings {
  /** Monotonic. */
  nowMs(): number;
  /** Wall time: milliseconds since 1970. May be set back. */
  unixMs(): number;
  /** Calls back about every `periodMs`, until the function that it answers is called. */
  every(periodMs: number, callback: () => void): () => void;
  /** Calls back soon, when the present call has returned. */
  soon(callback: () => void): void;
  /** From 0 up to but not including 1. */
  random(): number;
  /** 32 hexadecimal digits that no other client ever has. */
  uniqueId(): string;
}
