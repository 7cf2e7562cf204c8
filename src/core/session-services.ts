/*
 * The parts of a node that its sessions work with.
 */
import type { Attach } from "./attach.ts";
import type { DepAnswers } from "./dep-answers.ts";
import type { Forwarding } from "./forwarding.ts";
import type { Head } from "./head.ts";
import type { NodeState } from "./node-state.ts";
import type { RemoteChecks } from "./remote-checks.ts";
import type { Session } from "./session.ts";
import type { SnapshotReads } from "./snapshots/snapshot-reads.ts";
import type { HomeTransactions } from "./transactions/home-transactions.ts";

export interface SessionServices {
  readonly state: NodeState;
  readonly head: Head;
  readonly forwarding: Forwarding;
  readonly snapshots: SnapshotReads;
  readonly transactions: HomeTransactions;
  readonly answers: DepAnswers;
  readonly remote: RemoteChecks;
  /** Attaches under way, each with what to do at its deadline. */
  readonly attaches: Map<Attach, () => void>;
  /** Too much is in flight: the session is advanced again when there is room. */
  stall(session: Session): false;
}
