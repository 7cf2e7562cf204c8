/*
 * What INFO tells: sections of `name:value` lines, with Redis's names where a figure means the same, and its own in the
 * section "cops". Every figure is measured; what Redis has and this server has not is left out, but for the few fields that
 * clients wait for (loading, role).
 */
import { performance } from "node:perf_hooks";
import { formatBytes } from "./format-bytes.ts";
import { redisVersion } from "./redis-version.ts";
import type { RespServices } from "./resp-services.ts";

type Fields = readonly (readonly [name: string, value: string | number])[];
type Section = (services: RespServices) => Fields;

const server: Section = ({ version, startedMs, address, topology }) => {
  const uptimeSeconds = Math.floor((performance.now() - startedMs) / 1000);
  return [
    ["redis_version", redisVersion],
    ["cops_version", version],
    ["redis_mode", "standalone"],
    ["os", `${process.platform} ${process.arch}`],
    ["arch_bits", 64],
    ["node_version", process.version],
    ["process_id", process.pid],
    ["node_name", topology().node],
    ["tcp_port", address.port],
    ["server_time_usec", Math.floor((performance.timeOrigin + performance.now()) * 1000)],
    ["uptime_in_seconds", uptimeSeconds],
    ["uptime_in_days", Math.floor(uptimeSeconds / 86_400)],
  ];
};

const clients: Section = ({ connections, limits, sessions }) => {
  let queryBytesMax = 0;
  let outputBytesMax = 0;
  let blocked = 0;
  for (const connection of connections.values()) {
    queryBytesMax = Math.max(queryBytesMax, connection.queryBytes);
    outputBytesMax = Math.max(outputBytesMax, connection.outputBytes);
    if (connection.isBlocked) blocked++;
  }
  return [
    ["connected_clients", connections.size],
    ["maxclients", limits.clientsMax],
    ["client_recent_max_input_buffer", queryBytesMax],
    ["client_recent_max_output_buffer", outputBytesMax],
    ["blocked_clients", blocked],
    ["named_sessions", sessions.size],
  ];
};

const memory: Section = ({ core, keyspace }) => {
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  return [
    ["used_memory", heapUsed + external],
    ["used_memory_human", formatBytes(heapUsed + external)],
    ["used_memory_rss", rss],
    ["used_memory_rss_human", formatBytes(rss)],
    ["heap_total", heapTotal],
    ["maxmemory", 0],
    ["maxmemory_policy", "noeviction"],
    ["records_bytes", core.cache.bytes],
    ["records_dirty_bytes", core.state.dirtyBytes],
    ["scan_keys_held", keyspace.walk.memoryKeyCount],
  ];
};

const persistence: Section = ({ core, driver }) => {
  const { bytes, batches, reads } = driver.store.stats();
  return [
    ["loading", 0],
    ["async_loading", 0],
    ["aof_enabled", 1],
    ["log_end", core.logEnd],
    ["log_frames_synced", core.state.counters.frames],
    ["log_bytes_synced", core.state.counters.frameBytes],
    ["log_bytes_in_flight", core.state.proposals.inFlightBytes],
    ["store_bytes", bytes],
    ["store_batches", batches],
    ["store_reads", reads],
    ["writes_refused", core.state.writesRefused === undefined ? 0 : 1],
  ];
};

const stats: Section = ({ stats: counted, core }) => {
  const { counters } = core.state;
  return [
    ["total_connections_received", counted.connectionsReceived],
    ["rejected_connections", counted.connectionsRejected],
    ["total_commands_processed", counted.commandsProcessed],
    ["total_net_input_bytes", counted.inputBytes],
    ["total_net_output_bytes", counted.outputBytes],
    ["evicted_keys", 0],
    ["expired_keys", 0],
    ["unknown_commands", counted.unknownCommands],
    ["protocol_errors", counted.protocolErrors],
    ["http_requests_refused", counted.httpRequests],
    ["authentication_failures", counted.authenticationFailures],
    ["connections_timed_out", counted.connectionsTimedOut],
    ["readers_paused", counted.readersPaused],
    ["readers_dropped", counted.readersDropped],
    ["reads_local", counters.readsLocal],
    ["reads_forwarded", counters.readsForwarded],
    ["reads_from_store", counters.readsFromStore],
    ["writes_local", counters.writesLocal],
    ["writes_forwarded", counters.writesForwarded],
    ["conditions_failed", counters.conditionsFailed],
    ["requests_repeated", counters.requestsRepeated],
  ];
};

const replication: Section = ({ core }) => {
  const { counters, linksUp } = core.state;
  const streams: [string, string][] = [];
  for (const [destination, shipper] of core.shippers) {
    const behindBytes = Math.max(0, core.logEnd - shipper.neededFrom);
    const link = linksUp.has(destination) ? "up" : "down";
    const stream = shipper.isOpen ? "open" : "closed";
    streams.push([
      `stream${streams.length}`,
      `node=${destination},datacenter=${shipper.datacenter},link=${link},stream=${stream},` +
        `behind_bytes=${behindBytes},in_flight_bytes=${shipper.inFlightBytes}`,
    ]);
  }
  return [
    ["role", "master"],
    ["connected_slaves", 0],
    ["streams", core.shippers.size],
    ...streams,
    ["writes_shipped", counters.shippedWrites],
    ["bytes_shipped", counters.shippedBytes],
    ["writes_received", counters.writesReceived],
    ["writes_applied", counters.writesApplied],
    ["writes_beaten", counters.writesBeaten],
    ["writes_waiting", core.gate.waitingCount],
    ["writes_waiting_bytes", core.gate.waitingBytes],
    ["writes_held_for_clock", core.gate.heldForClockCount],
  ];
};

const commandstats: Section = ({ table }) =>
  table.entries
    .filter(({ calls, rejected }) => calls > 0 || rejected > 0)
    .map(({ command, calls, rejected }) => [`cmdstat_${command.name}`, `calls=${calls},rejected_calls=${rejected}`]);

/** Counting keys is a walk over all of them: INFO shows the last count of DBSIZE, and how old it is. */
const keyspaceSection: Section = ({ keyspace: { lastCount } }) => {
  if (lastCount === undefined) return [["keys_counted", "never"]];
  const counted: Fields = [["keys_counted_seconds_ago", Math.floor((Date.now() - lastCount.atMs) / 1000)]];
  return lastCount.keys === 0 ? counted : [["db0", `keys=${lastCount.keys},expires=0,avg_ttl=0`], ...counted];
};

const cops: Section = ({ core, topology, issuer }) => {
  const { cluster, datacenter, node, partitions, view, nodes } = topology();
  const { state } = core;
  return [
    ["cluster", cluster],
    ["datacenter", datacenter.name],
    ["datacenter_index", datacenter.index],
    ["node", node],
    ["nodes", nodes.length],
    ["datacenters", core.placement.datacenters],
    ["partitions", partitions],
    ["partitions_owned", state.partitions.size],
    ["view", view],
    ["clock", core.clockTold],
    ["clock_is_ahead", core.head.clockIsAhead ? 1 : 0],
    ["links_up", state.linksUp.size],
    ["tokens_signed", issuer.sign === undefined ? 0 : 1],
    ["proposals_in_flight", state.proposals.inFlight],
    ["forwarded_in_flight", core.forwarding.count],
    ["keys_loading", state.loadingCount],
    ["attaches_waited", state.counters.attachWaits],
  ];
};

const sections: ReadonlyMap<string, Section> = new Map<string, Section>([
  ["server", server],
  ["clients", clients],
  ["memory", memory],
  ["persistence", persistence],
  ["stats", stats],
  ["replication", replication],
  ["commandstats", commandstats],
  ["cops", cops],
  ["keyspace", keyspaceSection],
]);

const onlyWhenAsked: ReadonlySet<string> = new Set(["commandstats"]);

/** `asked` in small letters; none for the default ones. Unknown names say nothing, as in Redis. */
export function infoText(services: RespServices, asked: readonly string[]): string {
  const everything = asked.includes("all") || asked.includes("everything");
  const defaults = asked.length === 0 || asked.includes("default");
  const texts: string[] = [];
  for (const [name, section] of sections) {
    const wanted = everything || asked.includes(name) || (defaults && !onlyWhenAsked.has(name));
    if (!wanted) continue;
    const lines = section(services).map(([field, value]) => `${field}:${value}\r\n`);
    texts.push(`# ${name.charAt(0).toUpperCase()}${name.slice(1)}\r\n${lines.join("")}`);
  }
  return texts.join("\r\n");
}
