/*
 * What two nodes must agree on before they are peers (design, 3.9). Both sides judge the same facts in the same order, so
 * both name the same reason. The order goes from what makes the rest meaningless to what is merely different.
 */
import type { Hello, Refusal } from "./handshake-messages.ts";

export function judgeVersion(mine: number, theirs: number): Refusal | undefined {
  if (mine === theirs) return undefined;
  return { code: "VERSION_MISMATCH", detail: `the peer protocol's versions differ: ${mine} here, ${theirs} there` };
}

export function judgeHello(mine: Hello, theirs: Hello): Refusal | undefined {
  const version = judgeVersion(mine.protocolVersion, theirs.protocolVersion);
  if (version !== undefined) return version;
  if (mine.cluster !== theirs.cluster) {
    const detail = `the clusters differ: "${mine.cluster}" here, "${theirs.cluster}" there`;
    return { code: "CLUSTER_MISMATCH", detail };
  }
  if (mine.partitions !== theirs.partitions) {
    const detail = `the numbers of partitions differ: ${mine.partitions} here, ${theirs.partitions} there`;
    return { code: "PARTITIONS_MISMATCH", detail };
  }
  if (mine.configDigest !== theirs.configDigest) {
    const detail = `the configurations differ: digest ${mine.configDigest} here, ${theirs.configDigest} there`;
    return { code: "CONFIG_MISMATCH", detail };
  }
  return undefined;
}
