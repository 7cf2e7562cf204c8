/*
 * Puts a node's settings together: defaults, then the file, then the environment, then flags, each over the one before.
 * Everything that is wrong is told at once, with file, line and column (or the variable, or the flag), the key, and what
 * would be right.
 */
import { dirname, resolve } from "node:path";
import { parse as parseYaml, YAMLParseError } from "yaml";
import type { z } from "zod";
import type { ConfigKey } from "./config-keys.ts";
import { configKeys, namesAt } from "./config-keys.ts";
import { nearestWord } from "./edit-distance.ts";
import type { ConfigProblem, ConfigSource } from "./errors.ts";
import { ConfigError } from "./errors.ts";
import type { FileSource } from "./file-source.ts";
import { readFileSource } from "./file-source.ts";
import type { NodeConfig } from "./node-config.ts";
import { nodeConfigOf } from "./node-config.ts";
import type { Settings } from "./schema.ts";
import { secretKeys, settingsSchema } from "./schema.ts";
import { brokenRules } from "./settings-rules.ts";

const PROBLEMS_MAX = 20;
const SHOWN_LENGTH_MAX = 60;

export interface ConfigInput {
  /** The file that was named; without one, flags and environment have to say everything. */
  readonly file?: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Texts of flags by the name of their key: "listen.respHost". */
  readonly flags: ReadonlyMap<string, string>;
}

export interface LoadedConfig {
  readonly config: NodeConfig;
  /** What is not wrong but probably not meant, such as a variable whose name is nearly that of a setting. */
  readonly warnings: readonly string[];
}

/** Rejects with ConfigError. */
export async function loadConfig(input: ConfigInput): Promise<LoadedConfig> {
  const file = input.file === undefined ? undefined : await readFileSource(input.file);
  return { config: nodeConfigOf(new Layers(file, input).settings()), warnings: nearMisses(input.environment) };
}

function nearMisses(environment: ConfigInput["environment"]): string[] {
  const known = configKeys.map((key) => key.environment);
  const names = Object.keys(environment).filter((name) => name.startsWith("COPS_") && !known.includes(name));
  return names.flatMap((name) => {
    const meant = nearestWord(
      name.slice("COPS_".length),
      known.map((each) => each.slice("COPS_".length)),
    );
    return meant === undefined ? [] : [`${name} is no setting and was not used; did you mean COPS_${meant}?`];
  });
}

type Values = Record<string, unknown>;

/** The file's values with those of the environment and of flags laid over, knowing where each came from. */
class Layers {
  readonly #file: FileSource | undefined;
  readonly #values: Values;
  readonly #overrides = new Map<string, ConfigSource>();
  readonly #problems: ConfigProblem[] = [];

  constructor(file: FileSource | undefined, { environment, flags }: ConfigInput) {
    this.#file = file;
    this.#values = structuredClone(file?.value ?? {});
    this.#anchorDirectory();
    for (const key of configKeys) {
      this.#override(key, environment[key.environment], { kind: "environment", name: key.environment });
      this.#override(key, flags.get(key.name), { kind: "flag", name: key.flag });
    }
  }

  settings(): Settings {
    const parsed = settingsSchema.safeParse(this.#values);
    if (!parsed.success) this.#problems.push(...parsed.error.issues.flatMap((issue) => this.#problemsOf(issue)));
    else {
      for (const { path, message } of brokenRules(parsed.data)) this.#problems.push(this.#problem(path, message));
    }
    if (!parsed.success || this.#problems.length > 0) throw new ConfigError(this.#problems.slice(0, PROBLEMS_MAX));
    return parsed.data;
  }

  /** A relative path in a file is meant from there, on a command line from where the user stands. */
  #anchorDirectory(): void {
    const { dataDirectory } = this.#values;
    if (this.#file === undefined || (dataDirectory !== undefined && typeof dataDirectory !== "string")) return;
    this.#values["dataDirectory"] = resolve(dirname(this.#file.file), dataDirectory ?? "data");
  }

  #override(key: ConfigKey, text: string | undefined, source: ConfigSource): void {
    if (text === undefined) return;
    this.#overrides.set(key.name, source);
    let holder = this.#values;
    for (const part of key.path.slice(0, -1)) {
      if (typeof holder[part] !== "object" || holder[part] === null) holder[part] = {};
      holder = holder[part] as Values;
    }
    holder[key.path.at(-1) as string] = key.reading === "text" ? text : this.#readYaml(key, text, source);
  }

  #readYaml(key: ConfigKey, text: string, source: ConfigSource): unknown {
    try {
      return parseYaml(text);
    } catch (error) {
      if (!(error instanceof YAMLParseError)) throw error;
      this.#problems.push({
        source,
        key: key.name,
        message: `is not valid YAML: ${error.message.split("\n")[0] ?? ""}`,
      });
      return undefined;
    }
  }

  #problemsOf(issue: z.core.$ZodIssue): ConfigProblem[] {
    if (issue.code === "unrecognized_keys") return issue.keys.map((name) => this.#unknownKey(issue.path, name));
    const found = valueAt(this.#values, issue.path);
    const key = keyText(issue.path);
    if (found !== undefined) return [this.#problem(issue.path, `is ${shown(key, found)}; it must be ${issue.message}`)];
    if (this.#problems.some((problem) => problem.key === key)) return [];
    const single = configKeys.find((candidate) => candidate.name === key);
    const ways = single === undefined ? "" : ` (also ${single.flag} or ${single.environment})`;
    return [this.#problem(issue.path, `is missing; it must be ${issue.message}${ways}`)];
  }

  #unknownKey(path: readonly PropertyKey[], name: string): ConfigProblem {
    const allowed = namesAt(path);
    const meant = nearestWord(name, allowed);
    const right = meant === undefined ? `known here: ${allowed.join(", ")}` : `did you mean ${meant}?`;
    return this.#problem([...path, name], `is not a setting; ${right}`, true);
  }

  #problem(path: readonly PropertyKey[], message: string, ofKey = false): ConfigProblem {
    return { source: this.#sourceOf(path, ofKey), key: keyText(path), message };
  }

  #sourceOf(path: readonly PropertyKey[], ofKey: boolean): ConfigSource {
    for (let length = path.length; length > 0; length--) {
      const source = this.#overrides.get(path.slice(0, length).join("."));
      if (source !== undefined) return source;
    }
    return this.#file?.placeOf(path, ofKey) ?? { kind: "flag", name: "settings" };
  }
}

function valueAt(values: unknown, path: readonly PropertyKey[]): unknown {
  let value = values;
  for (const part of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Readonly<Record<PropertyKey, unknown>>)[part];
  }
  return value;
}

/** `cluster.datacenters[0].name` */
function keyText(path: readonly PropertyKey[]): string {
  return path
    .map((part, i) => (typeof part === "number" ? `[${part}]` : `${i === 0 ? "" : "."}${String(part)}`))
    .join("");
}

function shown(key: string, value: unknown): string {
  if (secretKeys.has(key)) return typeof value === "string" ? "of a wrong length" : `a ${typeof value}`;
  const text = JSON.stringify(value);
  return text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}...` : text;
}
