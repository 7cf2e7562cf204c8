/*
 * The program behind ./process: one server or one client of a scenario, for as long as its master lives.
 *
 * Exit codes: 0 ended by its master or a signal, 1 something failed, 2 the command line makes no sense.
 */
import { ListenError } from "../errors.ts";
import { isPort, serverProblem, clientProblem, wholeNumber } from "../names.ts";
import { noteAs } from "../note.ts";
import { registerThisProcess } from "../run-directory.ts";
import { SeedClient } from "../seed-client.ts";
import { SeedServer } from "../seed-server.ts";

const usage = "usage: ./process server ID N S PORT    or    ./process client ID DID S PORT";

interface Startable {
  start(): Promise<void>;
}

function refuse(why: string): never {
  process.stderr.write(`process: ${why}\n${usage}\n`);
  process.exit(2);
}

function numbersOf(words: readonly string[]): readonly [number, number, number, number] {
  const numbers = words.map((word) => wholeNumber(word) ?? refuse(`${word} is not a number`));
  const [id, group, partitions, port] = numbers;
  if (id === undefined || group === undefined || partitions === undefined || port === undefined || numbers.length > 4) {
    refuse(`four numbers are needed, not ${numbers.length}`);
  }
  if (!isPort(port)) refuse(`${words[3]} is not a port`);
  return [id, group, partitions, port];
}

function programOf(kind: string | undefined, words: readonly string[]): Startable {
  if (kind !== "server" && kind !== "client") refuse(`${kind ?? "nothing"} is neither server nor client`);
  const [id, group, partitions, port] = numbersOf(words);
  const what = `${kind} ${id}`;
  const note = noteAs(what);
  const onEnd = (why: string, failed: boolean): void => {
    if (failed) note(why);
    process.exit(failed ? 1 : 0);
  };
  const problem =
    kind === "server" ? serverProblem(id, { datacenters: group, partitions }) : clientProblem(group, partitions);
  if (problem !== undefined) refuse(problem);
  registerThisProcess(what);
  if (kind === "client") return new SeedClient({ id, datacenter: group, partitions, port, note, onEnd });
  return new SeedServer({ id, shape: { datacenters: group, partitions }, port, note, onEnd });
}

const [kind, ...words] = process.argv.slice(2);
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => process.exit(0));
try {
  await programOf(kind, words).start();
} catch (error) {
  if (!(error instanceof ListenError)) throw error;
  process.stderr.write(`${kind} ${words[0]}: ${error.message}\n`);
  process.exitCode = 1;
  process.exit();
}
