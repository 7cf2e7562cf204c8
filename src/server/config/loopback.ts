/*
 * Whether an address to listen on is out of reach for other machines. Names other than localhost count as reachable:
 * what they stand for may change.
 */
import { isIP } from "node:net";

export function isLoopback(host: string): boolean {
  if (host === "localhost" || host === "::1") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}
