/*
 * A configuration file as values with places: YAML, of which JSON is a part, so one reader serves both. Syntax errors and
 * keys that are there twice are told with line and column; so is, later, any value that is wrong (`placeOf`).
 */
import { readFile } from "node:fs/promises";
import type { Document, Node } from "yaml";
import { LineCounter, isMap, isNode, isScalar, parseDocument } from "yaml";
import type { ConfigProblem, ConfigSource } from "./errors.ts";
import { ConfigError } from "./errors.ts";

const FILE_BYTES_MAX = 1024 * 1024;

export class FileSource {
  readonly file: string;
  /** What the file says, as plain objects; an empty file says nothing. */
  readonly value: Readonly<Record<string, unknown>>;
  readonly #document: Document;
  readonly #lines: LineCounter;

  /** Throws ConfigError for what is no YAML or no map. */
  constructor(file: string, text: string) {
    this.file = file;
    this.#lines = new LineCounter();
    this.#document = parseDocument(text, { lineCounter: this.#lines, prettyErrors: false });
    const problems = this.#document.errors.map((error) =>
      this.#problem(error.pos[0], `is not valid: ${error.message}`),
    );
    if (problems.length > 0) throw new ConfigError(problems);
    this.value = this.#toValue();
  }

  /** The place of a value; of what holds it, where it is missing; with `ofKey`, of its name. */
  placeOf(path: readonly PropertyKey[], ofKey = false): ConfigSource {
    for (let length = path.length; length >= 0; length--) {
      const offset = this.#offsetOf(path.slice(0, length), ofKey && length === path.length);
      if (offset !== undefined) return this.#at(offset);
    }
    return this.#at(0);
  }

  #toValue(): Record<string, unknown> {
    try {
      const value: unknown = this.#document.toJS({ maxAliasCount: 50 }) ?? {};
      if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
    } catch (error) {
      if (!(error instanceof ReferenceError)) throw error;
      throw new ConfigError([this.#problem(0, `is not valid: ${error.message}`)], error);
    }
    throw new ConfigError([this.#problem(0, "holds no settings; it must be settings by name, such as `cluster:`")]);
  }

  #offsetOf(path: readonly PropertyKey[], ofKey: boolean): number | undefined {
    if (ofKey) {
      const holder = nodeAt(this.#document, path.slice(0, -1));
      if (!isMap(holder)) return undefined;
      const pair = holder.items.find(({ key }) => isScalar(key) && String(key.value) === String(path.at(-1)));
      return isNode(pair?.key) ? pair.key.range?.[0] : undefined;
    }
    return nodeAt(this.#document, path)?.range?.[0];
  }

  #at(offset: number): ConfigSource {
    const { line, col } = this.#lines.linePos(offset);
    return { kind: "file", file: this.file, line: Math.max(1, line), column: Math.max(1, col) };
  }

  #problem(offset: number, message: string): ConfigProblem {
    return { source: this.#at(offset), key: "", message };
  }
}

/** Rejects with ConfigError where the file cannot be read. */
export async function readFileSource(file: string): Promise<FileSource> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such file" : (error as Error).message;
    const source = { kind: "file", file, line: 1, column: 1 } as const;
    throw new ConfigError([{ source, key: "", message: `cannot be read: ${why}` }], error);
  }
  if (text.length > FILE_BYTES_MAX) {
    const source = { kind: "file", file, line: 1, column: 1 } as const;
    throw new ConfigError([{ source, key: "", message: `is larger than ${FILE_BYTES_MAX} bytes` }]);
  }
  return new FileSource(file, text);
}

function nodeAt(document: Document, path: readonly PropertyKey[]): Node | undefined {
  const node: unknown = path.length === 0 ? document.contents : document.getIn(path, true);
  return isNode(node) ? node : undefined;
}
