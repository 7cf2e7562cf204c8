/*
 * The names of single operations and faults, as `--operations` and `--strikes` take them: `client.thought.number` and
 * `kind.number`. What is alike up to the last number is one item: `3.17.1-4,3.18.2` or `clock-jump.2,crash.1-3`.
 */

const runsMax = 10_000;

export function formatNames(names: readonly string[]): string {
  const items: { readonly stem: string; readonly from: number; to: number }[] = [];
  for (const name of names) {
    const dot = name.lastIndexOf(".");
    const [stem, number] = [name.slice(0, dot), Number(name.slice(dot + 1))];
    const last = items.at(-1);
    if (last?.stem === stem && last.to + 1 === number) last.to = number;
    else items.push({ stem, from: number, to: number });
  }
  return items.length === 0
    ? "none"
    : items.map(({ stem, from, to }) => `${stem}.${from}${to > from ? `-${to}` : ""}`).join(",");
}

/** Undefined when it is no such list. */
export function parseNames(list: string): string[] | undefined {
  if (list === "none") return [];
  const names: string[] = [];
  for (const item of list.split(",")) {
    const match = /^([a-z0-9.-]+)\.(\d+)(?:-(\d+))?$/.exec(item);
    if (match === null) return undefined;
    const [from, to] = [Number(match[2]), Number(match[3] ?? match[2])];
    if (to < from || to - from > runsMax) return undefined;
    for (let number = from; number <= to; number++) names.push(`${match[1]}.${number}`);
  }
  return names;
}
