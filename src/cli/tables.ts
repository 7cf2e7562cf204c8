/*
 * Tables without rules and boxes: readable by people, and by `awk` too.
 */
import Table from "cli-table3";

const noLines = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "  ",
} as const;

export function tableText(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const style = { "padding-left": 0, "padding-right": 0, head: [], border: [] };
  const table = new Table({ head: [...head], chars: noLines, style });
  for (const row of rows) table.push([...row]);
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}
