/*
 * What the operator port needs of the node that it speaks for.
 */
import type { OperationLatencies } from "./measures.ts";
import type { LatencyHistogram } from "./latency-histogram.ts";
import type { DriverLogger, NodeDriver } from "../node-driver.ts";
import type { FaultLayer } from "../../net/fault-layer.ts";
import type { LinkStats } from "../../net/transport.ts";
import type { SignToken } from "../../protocol/causal-token.ts";

/** Where a node is in its life. It serves clients in `serving` alone. */
export type NodePhase = "recovering" | "joining" | "serving" | "stopping" | "failed";

export interface HttpCluster {
  readonly id: string;
  /** In the order of their indexes; as in the configuration. */
  readonly datacenters: readonly { readonly name: string; readonly nodes: readonly { readonly name: string }[] }[];
  /** Signs causal tokens; undefined when the cluster has no secret. */
  readonly sign: SignToken | undefined;
}

/** What other parts of the server count; left out of `/metrics` where it is not given. */
export interface HttpMeasures {
  readonly latencies?: OperationLatencies;
  readonly appends?: LatencyHistogram;
  readonly clients?: () => { readonly connected: number; readonly max: number };
}

export interface HttpOptions extends HttpMeasures {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** Asked for as HTTP Basic (any user) or Bearer; needed beyond loopback. */
  readonly password: string | undefined;
  readonly driver: NodeDriver;
  readonly cluster: HttpCluster;
  readonly links: () => readonly LinkStats[];
  /** Undefined where faults are not allowed. */
  readonly faults: FaultLayer | undefined;
  readonly phase: () => NodePhase;
  readonly version: string;
  readonly logger: DriverLogger;
  /** How long a request with a causal token waits for what that has seen. */
  readonly attachTimeoutMs: number;
  /** A broken invariant: the node must not go on. */
  readonly onFatal: (error: Error) => void;
}
