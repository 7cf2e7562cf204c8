/*
 * What a cluster under chaos is made of: its shape, and for each node how it is started and what it lies on. Worked out by the
 * harness, given to the supervisor's process (supervisor/main.ts) as JSON.
 */
import type { ClusterShape } from "../../cli/dev/shape.ts";

export interface NodePlan {
  /** Before the arguments of `cops server`: a journalled disk; null for the node as it is. */
  readonly journal: { readonly directory: string; readonly isLying: boolean } | null;
  /** Further flags of `cops server`. */
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

export interface ClusterPlan {
  readonly directory: string;
  readonly shape: ClusterShape;
  readonly basePort: number;
  readonly wanDelayMs: number;
  readonly nodes: Readonly<Record<string, NodePlan>>;
}
