/*
 * JSON requests to a node's operator port, bounded in time.
 */
import { CliError } from "./errors.ts";

const TIMEOUT_MS = 3_000;

export interface HttpOptions {
  readonly password?: string | undefined;
  readonly timeoutMs?: number | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  readonly body: unknown;
}

/** `address` is host:port. Rejects with CliError UNREACHABLE or BAD_REPLY. */
export async function requestJson(
  method: "GET" | "POST",
  address: string,
  path: string,
  options: HttpOptions & { readonly body?: unknown } = {},
): Promise<HttpAnswer> {
  const { password, timeoutMs = TIMEOUT_MS, body } = options;
  const headers: Record<string, string> = { accept: "application/json" };
  if (password !== undefined) headers["authorization"] = `Basic ${Buffer.from(`:${password}`).toString("base64")}`;
  if (body !== undefined) headers["content-type"] = "application/json";
  const init = { method, headers, signal: AbortSignal.timeout(timeoutMs) };
  try {
    const sent = body === undefined ? init : { ...init, body: JSON.stringify(body) };
    const response = await fetch(`http://${address}${path}`, sent);
    const text = await response.text();
    return { status: response.status, body: parsed(address, path, text) };
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError("UNREACHABLE", `no answer from http://${address}${path}: ${reasonOf(error)}`, error);
  }
}

function parsed(address: string, path: string, text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch (error) {
    throw new CliError("BAD_REPLY", `http://${address}${path} did not answer with JSON`, error);
  }
}

/** `fetch` hides what went wrong in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === "TimeoutError") return "timed out";
  const { cause } = error;
  const code = cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.message) : undefined;
  return code === "ECONNREFUSED" ? "nobody listens there" : (code ?? error.message);
}
