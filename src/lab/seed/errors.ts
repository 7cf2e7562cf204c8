/*
 * Operating errors of the seed's tools: each has a stable code and is told to people in one line.
 */

/** A port that the protocol fixes cannot be had. */
export class ListenError extends Error {
  override readonly name = "ListenError";
  readonly code = "LISTENFAILED";
  readonly retryable = true;
  readonly port: number;

  constructor(port: number, cause: unknown) {
    const taken = (cause as NodeJS.ErrnoException).code === "EADDRINUSE";
    const why = taken
      ? "it is in use; ./stopall ends what an earlier scenario may have left"
      : (cause as Error).message;
    super(`cannot listen on localhost:${port}: ${why}`, { cause });
    this.port = port;
  }
}

export interface ScenarioProblem {
  /** Line of the scenario, from 1. */
  readonly line: number;
  readonly message: string;
}

/** The scenario cannot be run as it stands; nothing was started. */
export class BadScenarioError extends Error {
  override readonly name = "BadScenarioError";
  readonly code = "BADSCENARIO";
  readonly retryable = false;
  readonly problems: readonly ScenarioProblem[];

  constructor(problems: readonly ScenarioProblem[]) {
    super(problems.map(({ line, message }) => `line ${line}: ${message}`).join("\n"));
    this.problems = problems;
  }
}

export type RunErrorCode =
  /** A process ended that the scenario still needs. */
  | "PROCESSENDED"
  /** A process did not come up, or an answer did not come, in time. */
  | "TIMEOUT"
  /** A process says what the protocol does not know. */
  | "PROTOCOL"
  /** A client could not carry out its operation. */
  | "OPERATIONFAILED"
  /** The run was ended from outside. */
  | "INTERRUPTED";

/** A scenario could not be run to its end. */
export class RunError extends Error {
  override readonly name = "RunError";
  readonly code: RunErrorCode;
  readonly retryable: boolean;

  constructor(code: RunErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.retryable = code === "PROCESSENDED" || code === "TIMEOUT";
  }
}
