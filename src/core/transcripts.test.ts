/*
 * Key runs of the protocol as readable transcripts (src/core/testdata). Recorded anew with
 * `COPS_RECORD=1 npx vitest run src/core/transcripts.test.ts`; then read the difference.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { play } from "./testing/transcript.ts";

const directory = new URL("./testdata/", import.meta.url);
const names = readdirSync(directory).filter((name) => name.endsWith(".txt"));

describe("transcripts", () => {
  it.each(names)("%s happens as recorded", (name) => {
    const file = new URL(name, directory);
    const recorded = readFileSync(file, "utf8");
    const played = play(recorded);
    if (process.env["COPS_RECORD"] === "1") writeFileSync(file, played);
    else expect(played).toBe(recorded);
    expect(play(played)).toBe(played);
  });
});
