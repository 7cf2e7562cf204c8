/*
 * What `cops up` says once everything runs: where each node listens and what to try next.
 */
import type { ClusterFile } from "./cluster-file.ts";
import { splitAddress } from "./busy-ports.ts";
import { commandName } from "./node-command.ts";
import { tableText } from "../tables.ts";

export const dataDirectoryDefault = "./data";

/** What a command needs to find this directory again; nothing where it is the default. */
export function dataFlag(directory: string): string {
  return directory === dataDirectoryDefault ? "" : ` --data ${directory}`;
}

export function listenText({ datacenters }: ClusterFile): string {
  const rows = datacenters.flatMap(({ name: datacenter, nodes }) =>
    nodes.map(({ name, resp, http, peer }) => [datacenter, name, resp, http, peer]),
  );
  return tableText(["DATACENTER", "NODE", "RESP", "HTTP", "PEERS"], rows);
}

export function tryText({ datacenters }: ClusterFile, directory: string): string {
  const [here, there] = [datacenters[0], datacenters.at(-1)];
  const data = dataFlag(directory);
  const portOf = (datacenter = here): string => String(splitAddress(datacenter?.nodes[0]?.resp ?? ":0").port);
  const steps: [string, string][] = [
    [`redis-cli -p ${portOf()} set greeting hello`, `a write in ${here?.name ?? ""}`],
    [`redis-cli -p ${portOf(there)} get greeting`, `seen in ${there?.name ?? ""}`],
    [`${commandName} shell${data}`, "a session that shows its causal context"],
    [`${commandName} why greeting${data}`, "where a key stands in every datacenter"],
  ];
  if (here !== undefined && there !== undefined && here !== there) {
    steps.push([
      `${commandName} fault cut ${here.name} ${there.name}${data}`,
      "cut a wide-area link; `fault heal` ends it",
    ]);
  }
  const width = Math.max(...steps.map(([command]) => command.length));
  return ["Try:", ...steps.map(([command, what]) => `  ${command.padEnd(width)}  # ${what}`)].join("\n");
}
