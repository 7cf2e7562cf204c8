/*
 * The settings as a flat list of keys, found by walking the schema: `listen.respHost` is --listen-resp-host, and
 * COPS_LISTEN_RESP_HOST in the environment. A list (`cluster.datacenters`) is one key, given as YAML or JSON text.
 */
import { z } from "zod";
import { settingsSchema } from "./schema.ts";

/** How the text of a flag or of an environment variable becomes a value: as it stands, or read as YAML. */
export type KeyReading = "text" | "yaml";

export interface ConfigKey {
  /** As in the file: `listen.respHost`. */
  readonly path: readonly string[];
  readonly name: string;
  readonly flag: string;
  readonly environment: string;
  readonly description: string;
  readonly reading: KeyReading;
  readonly isBoolean: boolean;
  /** What holds when it is not given, as it would be written; undefined where it is optional or required. */
  readonly fallback: string | undefined;
}

export const configKeys: readonly ConfigKey[] = keysOf(settingsSchema, []);

function keysOf(schema: z.ZodObject, path: readonly string[]): ConfigKey[] {
  return Object.entries(schema.shape as z.core.$ZodShape).flatMap(([name, field]) => {
    const inner = unwrapped(field);
    if (inner instanceof z.ZodObject) return keysOf(inner, [...path, name]);
    return [keyOf(field as z.ZodType, inner, [...path, name])];
  });
}

function keyOf(field: z.ZodType, inner: z.core.$ZodType, path: readonly string[]): ConfigKey {
  const words = path.flatMap((part) => part.split(/(?=[A-Z])/)).map((word) => word.toLowerCase());
  return {
    path,
    name: path.join("."),
    flag: `--${words.join("-")}`,
    environment: `COPS_${words.join("_").toUpperCase()}`,
    description: field.description ?? "",
    reading: inner instanceof z.ZodString || inner instanceof z.ZodEnum ? "text" : "yaml",
    isBoolean: inner instanceof z.ZodBoolean,
    fallback: field instanceof z.ZodPrefault ? String(field.def.defaultValue) : undefined,
  };
}

/** The schema inside defaults and `optional`. */
function unwrapped(schema: z.core.$ZodType): z.core.$ZodType {
  if (schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) return unwrapped(schema.def.innerType);
  return schema;
}

/** The names that are allowed beside one another at a place in the file; list indexes in `path` count for nothing. */
export function namesAt(path: readonly PropertyKey[]): readonly string[] {
  let schema: z.core.$ZodType = settingsSchema;
  for (const part of path) {
    const inner = unwrapped(schema);
    if (inner instanceof z.ZodArray) schema = inner.def.element;
    else if (inner instanceof z.ZodObject) schema = (inner.shape as z.core.$ZodShape)[String(part)] ?? z.never();
  }
  const inner = unwrapped(schema);
  return inner instanceof z.ZodObject ? Object.keys(inner.shape) : [];
}

/** The published schema of the configuration file. */
export function configJsonSchema(): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(settingsSchema, { io: "input" });
  const title = "COPS configuration";
  // Which node it is comes by flag or environment where one file serves them all.
  const required = (schema.required ?? []).filter((name) => name !== "node");
  return { $schema, title, ...schema, required };
}
