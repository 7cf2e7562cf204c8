import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Proposals } from "./proposals.ts";
import type { Proposal } from "./proposals.ts";

type Step = "propose" | "after" | "take" | "durable";

/** Plays the steps that are possible; answers what was committed, by number, and in which order. */
function run(steps: readonly { readonly step: Step; readonly back: number }[]): void {
  const proposals = new Proposals();
  const committed: { readonly lsn: number; readonly kind: string; readonly order: number }[] = [];
  let order = 0;
  const note = (kind: string): Proposal => {
    const proposal: Proposal = {
      lsn: 0,
      commit: () => committed.push({ lsn: proposal.lsn, kind, order: order++ }),
    };
    return proposal;
  };
  let durableUpTo = 0;
  let underWay = 0;
  const asked: number[] = [];
  for (const { step, back } of steps) {
    if (step === "propose") {
      proposals.writer.u8(1);
      proposals.propose(note("entry"));
    } else if (step === "after" && proposals.lastLsn - back > proposals.durableLsn) {
      proposals.after(proposals.lastLsn - back, note("answer"));
      asked.push(proposals.lastLsn - back);
    } else if (step === "take" && proposals.hasFrame) {
      underWay = proposals.lastLsn;
      proposals.takeFrame();
    } else if (step === "durable" && proposals.isFrameUnderWay) {
      proposals.frameDurable();
      durableUpTo = underWay;
    }
    expect(proposals.durableLsn).toBe(durableUpTo);
    expect(committed.filter(({ kind }) => kind === "entry").map(({ lsn }) => lsn)).toEqual(
      Array.from({ length: durableUpTo }, (_, i) => i + 1),
    );
    expect(committed.map(({ lsn }) => lsn)).toEqual(committed.map(({ lsn }) => lsn).toSorted((a, b) => a - b));
    expect(committed.filter(({ kind }) => kind === "answer").length).toBe(
      asked.filter((lsn) => lsn <= durableUpTo).length,
    );
  }
}

describe("Proposals", () => {
  it("commit in order, exactly what is durable, and answers right behind what they rest on", () => {
    const step = fc.constantFrom<Step>("propose", "propose", "after", "take", "durable");
    fc.assert(fc.property(fc.array(fc.record({ step, back: fc.nat(4) }), { maxLength: 60 }), run));
  });

  it("let a callback ask at once what is done: nothing later is taken for done", () => {
    const proposals = new Proposals();
    const seen: number[] = [];
    for (let i = 0; i < 3; i++) {
      proposals.writer.u8(1);
      proposals.propose({ lsn: 0, commit: () => seen.push(proposals.durableLsn) });
    }
    proposals.takeFrame();
    proposals.frameDurable();
    expect(seen).toEqual([1, 2, 3]);
  });

  it("keep the bytes of the frame under way as they are while the next one fills", () => {
    const proposals = new Proposals();
    proposals.writer.text("first");
    proposals.propose({ lsn: 0, commit: () => undefined });
    const { bytes, length } = proposals.takeFrame();
    for (let i = 0; i < 100_000; i++) proposals.writer.text("second");
    expect(bytes.latin1Slice(4, length)).toBe("first");
    expect(() => proposals.takeFrame()).toThrow("one frame at a time");
  });
});
