/*
 * How a write keeps its PUTID on its way from the client's put to the `route` that ships it: as part of the request id,
 * which the log holds and every datacenter gets (protocol/write.ts). So there is no table beside the log to be bounded,
 * and a repeated shipment finds its PUTID again.
 */
import type { RequestId } from "../../protocol/write.ts";
import type { ByteString } from "../../shared/bytes.ts";

/**
 * The PUTID of everything that is not a write. A number, since another master may read it as one, and one that no scenario
 * names; without a sign, since `-` has a meaning in the master's framing.
 */
export const putIdOfNoPut = "2147483647";

export const putIdBytesMax = 40;

/** `session` is unique in the whole run, so no two puts share a request even where a scenario repeats a PUTID. */
export function requestOfPut(session: string, number: number, putId: ByteString): RequestId {
  return { client: `${session}/${putId}`, number, answeredBelow: number };
}

export function putIdOfRequest(request: RequestId | undefined): ByteString {
  if (request === undefined) return putIdOfNoPut;
  const slash = request.client.indexOf("/");
  return slash < 0 ? putIdOfNoPut : request.client.slice(slash + 1);
}
