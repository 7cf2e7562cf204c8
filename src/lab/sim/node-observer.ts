/*
 * Who watches the nodes of a simulated cluster: the checks.
 */
import type { NodeCore } from "../../core/node-core.ts";
import type { Bytes } from "../../shared/bytes.ts";
import type { SimNode } from "./sim-node.ts";

export interface NodeObserver {
  /** A core was made and has not recovered yet: the moment for hooks and mutants. */
  created(node: SimNode, core: NodeCore): void;
  /** A frame was replayed. */
  replayed(node: SimNode, core: NodeCore, frame: Bytes): void;
  recovered(node: SimNode, core: NodeCore): void;
  /** A frame is durable and the core is about to hear of it. */
  frameDurable(node: SimNode, frame: Bytes): void;
  /** Its memory is about to go. */
  crashed(node: SimNode, core: NodeCore): void;
}
