/*
 * A version as text, for COPS.CAS and VERSION: `time/datacenter/partition`, as COPS.GETVER tells the three; `none` where there is
 * no value. A time of 0 is none too, whatever follows: that is what COPS.GETVER tells of a key that was never written.
 */
import type { Version, VersionName } from "../../protocol/version.ts";
import { datacentersMax, partitionsMax } from "../../shared/limits.ts";
import type { ByteString } from "../../shared/bytes.ts";

export const notAVersion = "ERR version is not 'time/datacenter/partition' or 'none'";

const none: VersionName = { time: 0, datacenter: 0, partition: 0 };
const pattern = /^(\d{1,16})\/(\d{1,5})\/(\d{1,5})$/;

/** Undefined where the text is no version. */
export function versionOfText(text: ByteString): VersionName | undefined {
  if (text === "0" || text.toLowerCase() === "none") return none;
  const match = pattern.exec(text);
  if (match === null) return undefined;
  const [time, datacenter, partition] = match.slice(1).map(Number) as [number, number, number];
  if (!Number.isSafeInteger(time) || datacenter >= datacentersMax || partition >= partitionsMax) return undefined;
  return time === 0 ? none : { time, datacenter, partition };
}

/** What a reader of this has found, in words. */
export function textOfVersion(version: Version | undefined): ByteString {
  if (version === undefined || version.deleted) return "none";
  return `${version.time}/${version.datacenter}/${version.partition}`;
}
