/*
 * The settings that CONFIG shows, by the names that Redis has for them: those that exist here, and those that tools ask for
 * and that can be answered truly ("appendonly": yes, every write is in a synced log before it is answered).
 */
import type { ByteString } from "../../shared/bytes.ts";
import { valueBytesMax } from "../../shared/limits.ts";
import type { RespLimits } from "./resp-limits.ts";
import type { RespServices } from "./resp-services.ts";

const GiB = 1024 * 1024 * 1024;

export interface ConfigSetting {
  readonly name: string;
  get(services: RespServices): string;
  /** What sets it, or what is wrong with the value; undefined where it cannot be set while running. */
  readonly change?: (services: RespServices, value: ByteString) => (() => void) | string;
}

type NumericLimit = { [K in keyof RespLimits]: RespLimits[K] extends number ? K : never }[keyof RespLimits];

function fixed(name: string, value: string | ((services: RespServices) => string)): ConfigSetting {
  return { name, get: (services) => (typeof value === "string" ? value : value(services)) };
}

/** A limit of this port; `unit` of it is one of what the client writes. */
function limit(name: string, key: NumericLimit, min: number, max: number, unit: number = 1): ConfigSetting {
  return {
    name,
    get: ({ limits }) => String(Math.floor(limits[key] / unit)),
    change({ limits }, value) {
      const wish = bytesOf(value);
      if (wish === undefined || wish < min || wish > max) return outOfRange(min, max);
      return () => {
        limits[key] = wish * unit;
      };
    },
  };
}

function requestLimit(name: string, key: keyof RespLimits["request"], min: number, max: number): ConfigSetting {
  return {
    name,
    get: ({ limits }) => String(limits.request[key]),
    change({ limits }, value) {
      const wish = bytesOf(value);
      if (wish === undefined || wish < min || wish > max) return outOfRange(min, max);
      return () => {
        limits.request[key] = wish;
      };
    },
  };
}

const settings: readonly ConfigSetting[] = [
  fixed("appendfsync", "always"),
  fixed("appendonly", "yes"),
  fixed("bind", ({ address }) => address.host),
  requestLimit("client-query-buffer-limit", "maxRequestBytes", 1024 * 1024, GiB),
  limit("client-output-buffer-limit-bytes", "outputBytesMax", 1024 * 1024, 4 * GiB),
  limit("client-output-buffer-pause-bytes", "outputBytesPause", 4096, GiB),
  limit("client-output-stall-seconds", "outputStallMsMax", 1, 86_400, 1000),
  fixed("databases", "1"),
  limit("maxclients", "clientsMax", 1, 1_000_000),
  fixed("maxmemory", "0"),
  fixed("maxmemory-policy", "noeviction"),
  fixed("port", ({ address }) => String(address.port)),
  fixed("proto-inline-max-bytes", ({ limits }) => String(limits.request.maxInlineBytes)),
  requestLimit("proto-max-bulk-len", "maxBulkBytes", valueBytesMax, 512 * 1024 * 1024 - 1024),
  fixed("proto-max-value-len", String(valueBytesMax)),
  fixed("save", ""),
  limit("timeout", "idleMsMax", 0, 31_536_000, 1000),
];

export const configSettings: ReadonlyMap<string, ConfigSetting> = new Map(settings.map((s) => [s.name, s]));

function outOfRange(min: number, max: number): string {
  return `argument must be between ${min} and ${max} inclusive`;
}

const sizes: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["b", 1],
  ["k", 1000],
  ["kb", 1024],
  ["m", 1_000_000],
  ["mb", 1024 * 1024],
  ["g", 1_000_000_000],
  ["gb", GiB],
]);

/** A whole number, with Redis's units of memory. */
function bytesOf(text: ByteString): number | undefined {
  const parts = /^(\d{1,15})([a-z]{0,2})$/i.exec(text);
  const unit = parts === null ? undefined : sizes.get((parts[2] as string).toLowerCase());
  return parts === null || unit === undefined ? undefined : Number(parts[1]) * unit;
}
