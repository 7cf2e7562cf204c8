/*
 * The checker against two other opinions: a model that makes correct executions, which must all pass, and a second checker
 * so plain that it can be believed, which must find the same wrong lines in spoilt executions and the same nothing.
 */
import { describe, expect, it } from "vitest";
import type { HistoryLine } from "../format.ts";
import { Random } from "../../shared/random.ts";
import { checkHistory } from "./check.ts";
import { modelHistory } from "./testing/causal-model.ts";
import type { ModelChoices } from "./testing/causal-model.ts";
import { dumbFindings } from "./testing/dumb-checker.ts";
import * as mutations from "./testing/mutations.ts";
import type { Mutation } from "./testing/mutations.ts";
import type { Rule, Violation } from "./violation.ts";

const kinds: Readonly<Record<Rule, string>> = {
  "stale-read": "read",
  "read-your-writes": "read",
  "monotonic-reads": "read",
  "fractured-read": "read",
  "snapshot-cut": "cut",
  "monotonic-writes": "write",
  "writes-follow-reads": "write",
  "version-order": "order",
  "causality-cycle": "cycle",
  "thin-air": "thin-air",
  "duplicate-dot": "duplicate-dot",
  "dot-mismatch": "dot-mismatch",
  "value-mismatch": "value-mismatch",
  "real-time": "real-time",
  "future-read": "future",
  "torn-transaction": "torn",
  diverged: "diverged",
  "lost-write": "lost",
};

function small(seed: number, rule: ModelChoices["rule"] = "exact"): ModelChoices {
  const random = new Random(seed);
  return {
    seed,
    datacenters: 2 + random.below(2),
    partitions: 1 + random.below(2),
    sessions: 2 + random.below(4),
    keys: 1 + random.below(4),
    operations: 10 + random.below(30),
    delayTicksMax: 1 + random.below(30),
    rule,
    shares: { write: 0.45, delete: 0.1, unknown: 0.15, attach: 0.1 },
  };
}

/** With everything that there is: snapshots, transactions, touches, expiry and collection. */
function rich(seed: number, rule: ModelChoices["rule"] = "exact"): ModelChoices {
  const choices = small(seed, rule);
  const shares = { write: 0.2, delete: 0.2, unknown: 0.15, attach: 0.07 };
  const more = { snapshot: 0.25, transaction: 0.2, touch: 0.1, expires: 0.3 };
  return { ...choices, keys: choices.keys + 1, shares: { ...shares, ...more } };
}

function findings(lines: readonly HistoryLine[]): readonly string[] {
  const { violations } = checkHistory(lines, { violationsPerRuleMax: 1000 });
  return violations.map((violation) => `${kinds[violation.rule]} ${subjectOf(violation)}`.trim()).toSorted();
}

/** The wrong line, or the key where the rule is about a key. */
function subjectOf({ rule, lines: involved, message }: Violation): string {
  if (rule === "causality-cycle") return "";
  const key = rule === "diverged" || rule === "lost-write" ? /"(\w+)"/u.exec(message) : undefined;
  return key?.[1] ?? String(involved.at(-1));
}

/** What comes after a cycle is judged on what is left of the order, so only the cycle itself is compared. */
function agree(lines: readonly HistoryLine[]): boolean {
  const [ours, plain] = [findings(lines), dumbFindings(lines)];
  if (plain.includes("cycle") || ours.includes("cycle")) {
    expect(ours.includes("cycle"), `plain: ${plain.join(", ")}; ours: ${ours.join(", ")}`).toBe(
      plain.includes("cycle"),
    );
  } else {
    expect(ours).toEqual(plain);
  }
  return plain.length > 0;
}

function shuffled(lines: readonly HistoryLine[], random: Random): HistoryLine[] {
  const isOperation = (line: HistoryLine): boolean => "seq" in line;
  const operations = lines.filter(isOperation).map((line) => ({ line, place: random.next() }));
  operations.sort((left, right) => left.place - right.place);
  const rest = lines.filter((line) => !isOperation(line));
  const first = rest.findIndex((line) => line.type === "final" || line.type === "final-end");
  return [...rest.slice(0, first), ...operations.map(({ line }) => line), ...rest.slice(first)];
}

/** A history of each size, without and with what format version 2 added. */
const sizes = { small, rich };
const eachSize = Object.values(sizes);

describe("a correct execution", () => {
  it.each(Object.keys(sizes) as (keyof typeof sizes)[])("passes (%s), in whatever order it is recorded", (size) => {
    for (let seed = 1; seed <= 250; seed += 1) {
      const lines = modelHistory(sizes[size](seed));
      expect(findings(lines), `seed ${seed}`).toEqual([]);
      expect(findings(shuffled(lines, new Random(seed))), `seed ${seed}, shuffled`).toEqual([]);
      expect(dumbFindings(lines), `seed ${seed}, plain checker`).toEqual([]);
    }
  });

  it.each(Object.keys(sizes) as (keyof typeof sizes)[])("passes (%s) when it is long, with many sessions", (size) => {
    const lines = modelHistory({ ...sizes[size](1), sessions: 100, keys: 200, operations: 15_000, delayTicksMax: 500 });
    expect(findings(lines)).toEqual([]);
  });
});

describe("a spoilt execution", () => {
  const all: Readonly<Record<string, Mutation>> = { ...mutations };
  it.each(Object.keys(all))("%s: the two checkers find the same wrong lines", (name) => {
    let caught = 0;
    for (let seed = 1; seed <= 120; seed += 1) {
      for (const choicesFor of eachSize) {
        const random = new Random(seed).fork(name);
        if (agree(shuffled(all[name]!(modelHistory(choicesFor(seed)), random), random))) caught += 1;
      }
    }
    // The mutation is worth its name only if it is mostly visible.
    expect(caught).toBeGreaterThan(20);
  });
});

describe("a store that shows effects before their causes, tears transactions or collects too early", () => {
  const rules = ["none", "or-later", "torn", "resurrects"] as const;
  it.each(rules)("rule %s: the two checkers find the same wrong lines", (rule) => {
    for (let seed = 1; seed <= 150; seed += 1) {
      for (const choicesFor of eachSize) {
        const lines = modelHistory(choicesFor(seed, rule));
        expect(agree(lines), `seed ${seed}`).toBe(findings(lines).length > 0);
      }
    }
  });

  const size = { datacenters: 3, partitions: 2, sessions: 12, keys: 20, operations: 5000, delayTicksMax: 1000 };

  it.each(["none", "or-later"] as const)("rule %s: is caught", (rule) => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const shares = { write: 0.3, delete: 0.1, unknown: 0, attach: 0 };
      const { counts } = checkHistory(modelHistory({ seed, rule, ...size, shares }));
      expect(counts.get("stale-read") ?? 0, `seed ${seed}`).toBeGreaterThan(0);
    }
  });

  it.each([
    ["none", "snapshot-cut"],
    ["torn", "fractured-read"],
    ["resurrects", "monotonic-reads"],
  ] as const)("rule %s: is caught as %s", (rule, name) => {
    for (let seed = 1; seed <= 5; seed += 1) {
      const { shares } = rich(seed);
      const { counts } = checkHistory(modelHistory({ seed, rule, ...size, shares }));
      expect(counts.get(name) ?? 0, `seed ${seed}`).toBeGreaterThan(0);
    }
  });
});
