/*
 * Whether a host to listen on is reachable from this machine alone. Anything that is not plainly loopback counts as
 * reachable from elsewhere: names are not looked up, since what they mean can change (design, 3.9).
 */
import { isIP } from "node:net";

export function isLoopback(host: string): boolean {
  if (host === "localhost" || host === "::1") return true;
  return isIP(host) === 4 && host.startsWith("127.");
}
