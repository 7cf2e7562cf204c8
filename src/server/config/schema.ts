/*
 * Every setting of a node, once: its type, its default, what it is for. From this one schema come the configuration file
 * (file-source.ts), the environment variables and flags with their help (config-keys.ts), the messages of what is wrong
 * (load-config.ts) and the published JSON Schema (docs/config.schema.json).
 *
 * One file serves every node of a cluster: `cluster` is the same everywhere, the rest holds for the node that reads it,
 * and which node that is comes by `--node`. What all nodes must agree on is hashed in config-digest.ts.
 *
 * What one field cannot say by itself (names that are there twice, a port beyond loopback without a password) is in
 * settings-rules.ts.
 */
import { z } from "zod";
import {
  byteSize,
  hostName,
  milliseconds,
  pathText,
  portNumber,
  secretText,
  shortName,
  wholeNumber,
  yesOrNo,
} from "./value-kinds.ts";
import { attachTimeoutMsMax } from "../resp/resp-limits.ts";
import { datacentersMax, nodesPerDatacenterMax, partitionsMax } from "../../shared/limits.ts";

const MiB = 1024 * 1024;
const TiB = MiB * MiB;
const dayMs = 86_400_000;

function listOf<Item extends z.ZodType>(item: Item, what: string, max: number): z.ZodArray<Item> {
  const words = { error: (): string => `a list of 1 to ${max} ${what}` };
  return z.array(item, words).min(1, words).max(max, words);
}

/** The words for a section; zod's own for unknown keys, which are told apart by their code. */
function section(right: string): { error: (issue: { code?: string | undefined }) => string | undefined } {
  return { error: (issue) => (issue.code === "unrecognized_keys" ? undefined : right) };
}

const nodeSchema = z.strictObject(
  {
    name: shortName().describe("The node's name, unlike any other in the cluster"),
    host: hostName().prefault("127.0.0.1").describe("The address at which clients and the other nodes reach it"),
    respPort: portNumber().describe("The port for clients, which speak the Redis protocol"),
    httpPort: portNumber().describe("The port for operators: health, metrics, status"),
    peerPort: portNumber().describe("The port for the other nodes of the cluster"),
  },
  section("a node: name, host, respPort, httpPort and peerPort"),
);

const datacenterSchema = z.strictObject(
  {
    name: shortName().describe("The datacenter's name, unlike any other in the cluster"),
    nodes: listOf(nodeSchema, "nodes", nodesPerDatacenterMax).describe(
      "Its nodes; their number and order decide who owns which partition, so both are fixed once the cluster has data",
    ),
  },
  section("a datacenter: name and nodes"),
);

const clusterSchema = z.strictObject(
  {
    id: shortName().describe("The cluster's id: keeps its data and its nodes apart from those of any other cluster"),
    secret: secretText(16)
      .optional()
      .describe("What nodes prove to each other that they know, and what causal tokens are signed with"),
    partitions: wholeNumber(1, partitionsMax).describe("P, the number of partitions; fixed once the cluster has data"),
    datacenters: listOf(datacenterSchema, "datacenters", datacentersMax).describe(
      "The datacenters; their order gives each its index; number and order are fixed once the cluster has data",
    ),
  },
  section("the cluster's id, partitions and datacenters"),
);

const listenSchema = z.strictObject(
  {
    respHost: hostName()
      .prefault("127.0.0.1")
      .describe("Where to listen for clients; beyond loopback needs a password"),
    httpHost: hostName()
      .prefault("127.0.0.1")
      .describe("Where to listen for operators; beyond loopback needs a password"),
    peerHost: hostName()
      .prefault("127.0.0.1")
      .describe("Where to listen for nodes; beyond loopback needs cluster.secret"),
  },
  section("respHost, httpHost and peerHost"),
);

const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;

export const settingsSchema = z.strictObject(
  {
    cluster: clusterSchema.describe("What is the same for every node of the cluster"),
    node: shortName().describe("Which of the cluster's nodes this is"),
    dataDirectory: pathText()
      .prefault("data")
      .describe("Where data are kept, each node's in a directory of its name; relative to the file that says so"),
    expectExistingData: yesOrNo()
      .prefault(false)
      .describe("The cluster has been initialised: an empty data directory is a loss, refuse to start"),
    listen: listenSchema.prefault({}).describe("The addresses to listen on"),
    password: secretText(1).optional().describe("What clients and operators have to know (AUTH; HTTP basic, any user)"),
    maxClients: wholeNumber(1, 1_000_000).prefault(10_000).describe("Connections of clients at once; more are refused"),
    clientIdleMsMax: milliseconds(0, dayMs)
      .prefault(0)
      .describe("A client silent for this long is disconnected; 0: never"),
    attachTimeoutMs: milliseconds(0, attachTimeoutMsMax)
      .prefault(5_000)
      .describe("How long COPS.ATTACH, or a token given to HTTP, waits for what it has seen, unless the command says"),
    shutdownTimeoutMs: milliseconds(100, 600_000)
      .prefault(10_000)
      .describe("How long a stop may take before the process ends regardless; nothing acknowledged is lost by that"),
    peerSilenceMsMax: milliseconds(2_000, 600_000)
      .prefault(5_000)
      .describe("A node that has not been heard of for this long counts as down"),
    cacheBytes: byteSize(MiB, TiB).prefault("512MiB").describe("Memory for records that are on disk as well"),
    logSegmentBytes: byteSize(MiB, 1024 * MiB)
      .prefault("64MiB")
      .describe("The size of one file of the write-ahead log"),
    minFreeBytes: byteSize(0, TiB).prefault("256MiB").describe("With less room than this on disk, writes are refused"),
    allowFaults: yesOrNo().prefault(false).describe("Let `cops fault` cut and delay links; for development only"),
    wanDelayMs: milliseconds(0, 60_000)
      .prefault(0)
      .describe("Delay all that goes to another datacenter; for development, needs allowFaults"),
    logLevel: z
      .enum(logLevels, { error: () => `one of ${logLevels.join(", ")}` })
      .prefault("info")
      .describe("The least serious messages to log"),
  },
  section("settings by name"),
);

/** All settings with their defaults filled in. */
export type Settings = z.output<typeof settingsSchema>;
export type ClusterSettings = Settings["cluster"];
export type DatacenterSettings = ClusterSettings["datacenters"][number];
export type NodeSettings = DatacenterSettings["nodes"][number];

/** Values that messages and logs never show. */
export const secretKeys: ReadonlySet<string> = new Set(["password", "cluster.secret"]);
