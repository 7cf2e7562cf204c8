/*
 * `connect`: from options to a client that is ready.
 */
import { Client } from "./client.ts";
import { ClientCore } from "./client-core.ts";
import { nodeSurroundings } from "./node-surroundings.ts";
import { settingsOf } from "./options.ts";
import type { ConnectOptions } from "./options.ts";
import { TcpTransport } from "./resp-link.ts";

/**
 * Connects to the datacenter of the given node. Resolves when operations can be carried out. Rejects with
 * InvalidArgumentError, AuthenticationError, OperationAbortedError, with ProtocolError when what answers is no node of a
 * release that this one knows, or with TimeoutError, whose `cause` is the last reason.
 */
export async function connect(options: ConnectOptions): Promise<Client> {
  const core = new ClientCore(settingsOf(options), new TcpTransport(), nodeSurroundings);
  await core.connect(options.signal);
  return new Client(core);
}
