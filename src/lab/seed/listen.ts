/*
 * Listening on a port of localhost that the protocol fixes, with an error that says what to do where it is taken.
 */
import { once } from "node:events";
import type { Server } from "node:net";
import { ListenError } from "./errors.ts";
import { loopback } from "./names.ts";

/** Rejects with ListenError. */
export async function listenOn(server: Server, port: number): Promise<void> {
  try {
    server.listen(port, loopback);
    await once(server, "listening");
  } catch (error) {
    throw new ListenError(port, error);
  }
}
