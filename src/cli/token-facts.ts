/*
 * What a causal token says, read without a cluster: whose it is, what it waits for, its floor. Its checksum is always
 * checked; its signature only where the cluster's secret is at hand, for nobody else can.
 */
import { CliError } from "./errors.ts";
import { decodeBase64url } from "../protocol/base64url.ts";
import { ByteReader, DecodeError } from "../protocol/byte-reader.ts";
import type { SignToken } from "../protocol/causal-token.ts";
import { decodeToken, signatureBytes } from "../protocol/causal-token.ts";
import { unixMsOfHybridTime } from "../protocol/hybrid-time.ts";
import { datacenterOf, partitionOf } from "../protocol/version.ts";
import { tokenSigner } from "../server/resp/token-signer.ts";
import { allocBytes } from "../shared/bytes.ts";
import { datacentersMax, partitionsMax } from "../shared/limits.ts";

const FLAGS_OFFSET = 3;
const CLUSTER_OFFSET = 8;
const CLUSTER_BYTES_MAX = 256;

export interface TokenDependency {
  readonly datacenter: number;
  readonly partition: number;
  readonly seq: number;
}

export interface TokenFacts {
  readonly cluster: string;
  /** Index of the datacenter that issued it. */
  readonly datacenter: number;
  readonly floor: number;
  /** The floor's physical part, ISO 8601. */
  readonly floorTime: string;
  readonly signature: "none" | "valid" | "not checked";
  readonly dots: readonly TokenDependency[];
  readonly prefixes: readonly TokenDependency[];
}

/** `secretOf` gives the secret of a cluster where it is known. Throws CliError BAD_TOKEN. */
export function tokenFacts(text: string, secretOf: (cluster: string) => string | undefined): TokenFacts {
  const { cluster, isSigned, seal } = headOf(text);
  const secret = isSigned ? secretOf(cluster) : undefined;
  const signUnchecked: SignToken = () => seal;
  const sign = secret === undefined ? signUnchecked : tokenSigner(secret);
  const issuer = { cluster, datacenters: datacentersMax, partitions: partitionsMax, sign: isSigned ? sign : undefined };
  const result = decodeToken(text, issuer, Number.MAX_SAFE_INTEGER, 0);
  if (!result.ok) throw new CliError("BAD_TOKEN", `${result.problem.code} ${result.problem.message}`);
  const { dependencies, floor, datacenter } = result.token;
  return {
    cluster,
    datacenter,
    floor,
    floorTime: new Date(unixMsOfHybridTime(floor)).toISOString(),
    signature: signatureWords(isSigned, secret),
    dots: listed(dependencies.dots),
    prefixes: listed(dependencies.prefixes),
  };
}

function signatureWords(isSigned: boolean, secret: string | undefined): TokenFacts["signature"] {
  if (!isSigned) return "none";
  return secret === undefined ? "not checked" : "valid";
}

interface TokenHead {
  readonly cluster: string;
  readonly isSigned: boolean;
  readonly seal: ReturnType<SignToken>;
}

/** The cluster that a token names, and its signature; `decodeToken` judges whether it is one. */
function headOf(text: string): TokenHead {
  const whole = text.length - (text.length % 4);
  const bytes = decodeBase64url(text) ?? decodeBase64url(text.slice(0, whole)) ?? allocBytes(0);
  try {
    const cluster = new ByteReader(bytes, CLUSTER_OFFSET).text(CLUSTER_BYTES_MAX);
    const isSigned = ((bytes[FLAGS_OFFSET] as number) & 1) === 1;
    return { cluster, isSigned, seal: bytes.subarray(Math.max(0, bytes.length - signatureBytes)) };
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error;
    return { cluster: "", isSigned: false, seal: bytes };
  }
}

function listed(pairs: readonly number[]): TokenDependency[] {
  const found: TokenDependency[] = [];
  for (let i = 0; i < pairs.length; i += 2) {
    const origin = pairs[i] as number;
    found.push({ datacenter: datacenterOf(origin), partition: partitionOf(origin), seq: pairs[i + 1] as number });
  }
  return found;
}
