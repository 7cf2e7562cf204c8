import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RequestLanes } from "./request-lanes.ts";
import type { RequestLane } from "./request-lanes.ts";

describe("request lanes", () => {
  it("never name two writes alike, and say that all before on the lane is answered", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 200 }), (steps) => {
        const lanes = new RequestLanes("me");
        const outstanding: RequestLane[] = [];
        const used = new Set<string>();
        let outstandingMax = 0;
        for (const begins of steps) {
          const oldest = outstanding[0];
          if (begins || oldest === undefined) {
            const lane = lanes.take();
            expect(outstanding).not.toContain(lane);
            const { client, number, answeredBelow } = lane.next();
            expect(used.has(`${client} ${number}`)).toBe(false);
            expect(answeredBelow).toBe(number);
            used.add(`${client} ${number}`);
            outstanding.push(lane);
          } else {
            outstanding.shift();
            lanes.giveBack(oldest);
          }
          outstandingMax = Math.max(outstandingMax, outstanding.length);
        }
        const clients = new Set([...used].map((name) => name.split(" ")[0]));
        expect(clients.size).toBe(outstandingMax);
      }),
    );
  });
});
