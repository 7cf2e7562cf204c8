/*
 * What all connections of a RESP server share.
 */
import type { NodeCore } from "../../core/node-core.ts";
import type { TokenIssuer } from "../../protocol/causal-token.ts";
import type { CommandNames } from "../../protocol/resp/command-names.ts";
import type { OutputPool } from "../../protocol/resp/output-pool.ts";
import type { OperationLatencies } from "../http/measures.ts";
import type { Keyspace } from "../keyspace.ts";
import type { PinnedSnapshots } from "../pinned-snapshots.ts";
import type { CommandTable } from "./command-table.ts";
import type { RespConnection } from "./connection.ts";
import type { InputBudget } from "./input-budget.ts";
import type { NamedSessions } from "./named-sessions.ts";
import type { Password } from "./password.ts";
import type { TopologyProvider, WhyProvider } from "./providers.ts";
import type { RespDriver } from "./resp-driver.ts";
import type { RespLimits } from "./resp-limits.ts";
import type { RespStats } from "./resp-stats.ts";

export interface RespServices {
  readonly driver: RespDriver;
  readonly core: NodeCore;
  readonly keyspace: Keyspace;
  readonly snapshots: PinnedSnapshots;
  readonly table: CommandTable;
  readonly names: CommandNames;
  readonly pool: OutputPool;
  readonly limits: RespLimits;
  readonly stats: RespStats;
  readonly input: InputBudget;
  readonly latencies: OperationLatencies;
  readonly sessions: NamedSessions;
  readonly password: Password | undefined;
  readonly issuer: TokenIssuer;
  readonly why: WhyProvider;
  readonly topology: TopologyProvider;
  /** Version of the product. */
  readonly version: string;
  readonly startedMs: number;
  /** host and port that it listens on. */
  readonly address: { readonly host: string; readonly port: number };
  readonly connections: ReadonlyMap<number, RespConnection>;
  /** The connection has output, or may take commands again: it is attended to at the end of the turn. */
  needsAttention(connection: RespConnection): void;
  /** The connection is gone. */
  closed(connection: RespConnection): void;
  /** Said at most once a second for each event. */
  warn(event: string, fields: object, message: string): void;
  /** A bug: the process should not go on. */
  bug(error: unknown): void;
}
