/*
 * The requests between nodes that WHY is made of (control-channel.ts), and their arguments, checked where they arrive.
 *
 *   any node ──gather──▶ owner of the key here ──key──▶ its owner in each datacenter ──dots──▶ owners of dependencies there
 *                                                                                     ──shipped──▶ their origins
 *
 *                                        ──relay──▶ its owner in one datacenter ──key──▶ its owner in another, out of reach
 *
 * Only nodes that share a partition are linked, so each question goes to a node that has the link for the next one. Each
 * carries the time that its asker allows, and the next one gets a little less: the answer arrives with what it has.
 */
import { z } from "zod";

export const gatherRequest = "why.gather";
export const keyRequest = "why.key";
export const relayRequest = "why.relay";
export const dotsRequest = "why.dots";
export const shippedRequest = "why.shipped";

const timeoutMs = z.number().min(0).max(10_000);
const whole = z.int().min(0);

/** Of `gather` and of `key`: the key in base64. */
export const keyArgs = z.object({ key: z.string(), timeoutMs });
/** Asks `destination` what `key` asks, for somebody who has no link to it. */
export const relayArgs = z.object({ key: z.string(), destination: whole, timeoutMs });

export const soughtDot = z.object({ origin: whole, seq: whole, prefix: z.boolean() });
export const dotsArgs = z.object({ dots: z.array(soughtDot).max(4096), depth: whole.max(8), timeoutMs });

export const shippedArgs = z.object({ partition: whole, destination: whole, seqs: z.array(whole).max(4096) });

export type SoughtDot = z.output<typeof soughtDot>;
