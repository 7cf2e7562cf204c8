import { describe, expect, it } from "vitest";
import { Router } from "./router.ts";

function setUp(): { router: Router; delivered: string[]; notes: string[] } {
  const delivered: string[] = [];
  const notes: string[] = [];
  const deliver = (server: number, message: string): number => delivered.push(`${server}: ${message}`);
  return { router: new Router(deliver, (note) => notes.push(note)), delivered, notes };
}

describe("the master's router", () => {
  it("delivers at once what nothing blocks", () => {
    const { router, delivered } = setUp();
    router.route("0", 1000, "a");
    router.unblock("0", 1000);
    router.route("0", 1000, "b");
    expect(delivered).toEqual(["1000: a", "1000: b"]);
  });

  it("holds back one PUTID for one server, and delivers it in order once it is unblocked", () => {
    const { router, delivered } = setUp();
    router.block("0", 1000);
    router.route("0", 1000, "held first");
    router.route("1", 1000, "another PUTID");
    router.route("0", 2000, "another server");
    router.block("0", 1000);
    router.route("0", 1000, "held second");
    expect(delivered).toEqual(["1000: another PUTID", "2000: another server"]);
    router.unblock("0", 1000);
    router.route("0", 1000, "later");
    expect(delivered.slice(2)).toEqual(["1000: held first", "1000: held second", "1000: later"]);
  });

  it("keeps the newest of what is blocked, within a bound, and says so", () => {
    const { router, delivered, notes } = setUp();
    router.block("0", 1);
    for (let i = 0; i < 1_002; i++) router.route("0", 1, String(i));
    router.unblock("0", 1);
    expect([delivered.length, delivered[0], delivered.at(-1)]).toEqual([1_000, "1: 2", "1: 1001"]);
    expect(notes.length).toBe(2);
  });
});
