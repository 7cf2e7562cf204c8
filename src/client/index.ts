/*
 * The public entry of the client library, `cops/client`. docs/CLIENT.md is its guide.
 */
export { connect } from "./connect.ts";
export type { Client } from "./client.ts";
export type { ClientContext, ContextDescription } from "./client-context.ts";
export type { BytesLike } from "./byte-text.ts";
export * from "./errors.ts";
export type { ClientEvent, ClientEventHook, ClientFigures } from "./events.ts";
export type {
  CloseOptions,
  ConnectOptions,
  DeleteOptions,
  ExpiryOptions,
  OperationOptions,
  PutOptions,
  TransactionDelete,
  TransactionPut,
  TransactionWrite,
} from "./options.ts";
export type { Dot, Snapshot, Version, VersionedValue, WriteResult, Written } from "./results.ts";
export type { RetryPolicy } from "./thread-host.ts";
export type { Topology, TopologyNode } from "./topology.ts";
export type { Address } from "./transport.ts";
export type { ResolveOptions, UnknownWrite } from "./unknown-write.ts";
