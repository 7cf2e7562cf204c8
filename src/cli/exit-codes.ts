/*
 * How `cops` ends, for scripts; docs/CLI.md and `cops --help` say the same.
 */
export const ExitCode = {
  ok: 0,
  /** It was tried and did not work. */
  failed: 1,
  /** The command line or the configuration is wrong; nothing was tried. */
  usage: 2,
  /** Nobody answered. */
  unreachable: 3,
  /** It could be done but would do harm, or is not allowed: data of another shape, a directory in use, faults not allowed. */
  refused: 4,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

export const exitCodesHelp = `Exit codes:
  0  done
  1  failed
  2  the command line or the configuration is wrong
  3  nobody answered
  4  refused: it would do harm or is not allowed`;
