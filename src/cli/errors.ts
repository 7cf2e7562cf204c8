/*
 * Why a command of `cops` ends without having done what it was asked for. The message is for people and says what to do
 * about it; the code is for programs; the exit code follows from the code.
 */
import { ExitCode } from "./exit-codes.ts";

export type CliErrorCode =
  /** The command line is wrong. */
  | "USAGE"
  /** Nobody listens there, or does not answer in time. */
  | "UNREACHABLE"
  /** The server said no. */
  | "REPLY_ERROR"
  /** The server said something that this release does not understand. */
  | "BAD_REPLY"
  /** There is no development cluster in that directory. */
  | "NO_CLUSTER"
  /** A file of the development cluster is not what it should be. */
  | "BAD_CLUSTER_FILE"
  /** The data are of a cluster with other datacenters, nodes or partitions. */
  | "OTHER_SHAPE"
  /** A development cluster runs on that directory. */
  | "ALREADY_RUNNING"
  | "PORTS_BUSY"
  | "NODE_FAILED"
  /** A node does not start because that would do harm, or its configuration is wrong. */
  | "NODE_REFUSED"
  | "FAULTS_NOT_ALLOWED"
  | "BAD_TOKEN"
  | "STOP_TIMEOUT";

const exitCodes: Readonly<Record<CliErrorCode, ExitCode>> = {
  USAGE: ExitCode.usage,
  UNREACHABLE: ExitCode.unreachable,
  REPLY_ERROR: ExitCode.failed,
  BAD_REPLY: ExitCode.failed,
  NO_CLUSTER: ExitCode.failed,
  BAD_CLUSTER_FILE: ExitCode.failed,
  OTHER_SHAPE: ExitCode.refused,
  ALREADY_RUNNING: ExitCode.refused,
  PORTS_BUSY: ExitCode.refused,
  NODE_FAILED: ExitCode.failed,
  NODE_REFUSED: ExitCode.refused,
  FAULTS_NOT_ALLOWED: ExitCode.refused,
  BAD_TOKEN: ExitCode.failed,
  STOP_TIMEOUT: ExitCode.failed,
};

export class CliError extends Error {
  override readonly name = "CliError";
  readonly code: CliErrorCode;
  readonly retryable: boolean;
  readonly exitCode: ExitCode;

  constructor(code: CliErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.retryable = code === "UNREACHABLE";
    this.exitCode = exitCodes[code];
  }
}
