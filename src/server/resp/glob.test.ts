import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Glob } from "./glob.ts";

/** Redis's matcher written down once more, by recursion. */
function matchesDumbly(pattern: string, key: string): boolean {
  if (pattern === "") return key === "";
  const first = pattern.charAt(0);
  if (first === "*") {
    for (let i = 0; i <= key.length; i++) if (matchesDumbly(pattern.slice(1), key.slice(i))) return true;
    return false;
  }
  if (key === "") return false;
  if (first === "?") return matchesDumbly(pattern.slice(1), key.slice(1));
  if (first === "[") return matchesClassDumbly(pattern.slice(1), key);
  const escaped = first === "\\" && pattern.length >= 2 ? 1 : 0;
  return pattern.charAt(escaped) === key.charAt(0) && matchesDumbly(pattern.slice(escaped + 1), key.slice(1));
}

function matchesClassDumbly(afterBracket: string, key: string): boolean {
  const byte = key.charAt(0);
  const negated = afterBracket.startsWith("^");
  let rest = negated ? afterBracket.slice(1) : afterBracket;
  let found = false;
  while (rest !== "" && !rest.startsWith("]")) {
    if (rest.startsWith("\\") && rest.length >= 2) {
      if (rest.charAt(1) === byte) found = true;
      rest = rest.slice(2);
    } else if (rest.length >= 3 && rest.charAt(1) === "-") {
      const [low, high] = [rest.charAt(0), rest.charAt(2)].toSorted() as [string, string];
      if (byte >= low && byte <= high) found = true;
      rest = rest.slice(3);
    } else {
      if (rest.charAt(0) === byte) found = true;
      rest = rest.slice(1);
    }
  }
  return found !== negated && matchesDumbly(rest.slice(1), key.slice(1));
}

describe("a glob", () => {
  it.each([
    ["*", "", true],
    ["*", "anything", true],
    ["", "", true],
    ["", "a", false],
    ["a", "", false],
    ["h?llo", "hello", true],
    ["h?llo", "hllo", false],
    ["h*llo", "hllo", true],
    ["h*llo", "heeeello", true],
    ["h[ae]llo", "hallo", true],
    ["h[ae]llo", "hillo", false],
    ["h[^e]llo", "hallo", true],
    ["h[^e]llo", "hello", false],
    ["h[a-b]llo", "hbllo", true],
    ["h[b-a]llo", "hallo", true],
    ["[a-]", "-", false],
    ["[a-]", "^", true],
    ["[a-]", "b", false],
    ["[a-", "-", true],
    ["[abc", "c", true],
    ["[abc", "[", false],
    ["[]", "a", false],
    ["[^]", "a", true],
    ["[]a]", "a]", false],
    ["[\\]a]", "]", true],
    ["[a\\-c]", "-", true],
    ["[a\\-c]", "b", false],
    ["\\*", "*", true],
    ["\\*", "a", false],
    ["\\", "\\", true],
    ["a\\", "a\\", true],
    ["\\a", "a", true],
    ["**a**", "bab", true],
    ["*?", "", false],
    ["user:*:name", "user:1:2:name", true],
    ["user:*:name", "user:name", false],
    ["\u00ff?", "\u00ff\u0000", true],
    ["[\u0080-\u00ff]", "\u00e9", true],
  ])("%j on %j: %s", (pattern, key, expected) => {
    expect(new Glob(pattern).matches(key)).toBe(expected);
    expect(matchesDumbly(pattern, key)).toBe(expected);
  });

  it("agrees with the dumb matcher on patterns of few letters", () => {
    const text = (letters: string, maxLength: number) =>
      fc.array(fc.constantFrom(...letters.split("")), { maxLength }).map((characters) => characters.join(""));
    fc.assert(
      fc.property(text("ab*?[]^-\\", 9), text("ab-]^\\[", 7), (pattern, key) => {
        expect(new Glob(pattern).matches(key)).toBe(matchesDumbly(pattern, key));
      }),
      { numRuns: 20_000 },
    );
  });

  it("takes no exponential time for many stars", () => {
    expect(new Glob("*a".repeat(50) + "b").matches("a".repeat(20_000))).toBe(false);
  });
});
