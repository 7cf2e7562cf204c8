/*
 * How many read transactions need a second round under the paper's workload (paper-workload.ts), with puts and reads 1:1 and
 * 1:16, in a datacenter of four nodes with a second one to replicate to, as in section 6.3. Read off the counters of the nodes.
 */
import type { BenchCluster } from "./bench-cluster.ts";
import { ClosedLoop } from "./closed-loop.ts";
import { keysPerRead, PaperWorkload } from "./paper-workload.ts";

/** For each node, as in the paper. */
export const clientsDefault = 1_024;

export interface SecondRounds {
  readonly putGet: string;
  readonly clients: number;
  readonly readTransactions: number;
  /** Share of those that asked some owner a second time. */
  readonly share: number;
  readonly tooOld: number;
  readonly operationsPerSecond: number;
  readonly errors: number;
}

export async function secondRounds(
  cluster: BenchCluster,
  options: { readonly seconds: number; readonly clients: number },
  print: (line: string) => void,
): Promise<SecondRounds[]> {
  const ports = cluster.ports(0);
  const clients = options.clients * ports.length;
  print(
    `second rounds, ${keysPerRead} keys for each read, ${ports.length} nodes, ${clients} clients: put:get, read transactions, share in %, too old, operations/s, errors`,
  );
  const results: SecondRounds[] = [];
  for (const getsPerPut of [1, 16]) {
    const workload = new PaperWorkload(getsPerPut, clients, getsPerPut);
    let answers = 0;
    const loop = await ClosedLoop.connect(
      ports,
      clients,
      (client) => workload.next(client),
      () => answers++,
    );
    const before = await cluster.counters(0);
    await loop.run(options.seconds);
    const after = await cluster.counters(0);
    loop.close();
    const grown = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
    const readTransactions = grown("snapshots");
    const result = {
      putGet: `1:${getsPerPut}`,
      clients,
      readTransactions,
      share: grown("snapshotsSecondRound") / readTransactions,
      tooOld: grown("snapshotsTooOld"),
      operationsPerSecond: answers / options.seconds,
      errors: loop.errors,
    };
    results.push(result);
    const { putGet, share, tooOld, operationsPerSecond, errors } = result;
    const cells = [readTransactions, (share * 100).toFixed(2), tooOld, Math.round(operationsPerSecond), errors];
    print(`  ${putGet.padEnd(6)}${cells.map((cell) => String(cell).padStart(10)).join("")}`);
  }
  return results;
}
