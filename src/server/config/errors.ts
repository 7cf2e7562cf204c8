/*
 * The operating error of the configuration: everything that is wrong with it, all at once, each with its place.
 */

/** Where a value came from. Lines and columns count from 1. */
export type ConfigSource =
  | { readonly kind: "file"; readonly file: string; readonly line: number; readonly column: number }
  | { readonly kind: "environment"; readonly name: string }
  | { readonly kind: "flag"; readonly name: string };

export interface ConfigProblem {
  readonly source: ConfigSource;
  /** As in `cluster.datacenters[0].nodes[1].respPort`; empty for the file as a whole. */
  readonly key: string;
  /** What is wrong and what would be right. */
  readonly message: string;
}

export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly code = "BAD_CONFIG";
  readonly retryable = false;
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[], cause?: unknown) {
    super(problems.map((problem) => describeProblem(problem)).join("\n"), cause === undefined ? undefined : { cause });
    this.problems = problems;
  }
}

function describeProblem({ source, key, message }: ConfigProblem): string {
  return `${describeSource(source)}: ${key === "" ? "" : `${key} `}${message}`;
}

function describeSource(source: ConfigSource): string {
  return source.kind === "file" ? `${source.file}:${source.line}:${source.column}` : source.name;
}
