/*
 * Signs causal tokens with the cluster's secret (protocol/causal-token.ts): HMAC-SHA256, cut to 16 bytes. The label keeps
 * these signatures apart from everything else that the secret is used for.
 */
import { createHmac } from "node:crypto";
import { signatureBytes } from "../../protocol/causal-token.ts";
import type { SignToken } from "../../protocol/causal-token.ts";
import type { Bytes } from "../../shared/bytes.ts";

const label = "cops causal token 1\0";

export function tokenSigner(secret: string): SignToken {
  return (bytes) => {
    const digest = createHmac("sha256", secret).update(label).update(bytes).digest();
    return digest.subarray(0, signatureBytes) as unknown as Bytes;
  };
}
