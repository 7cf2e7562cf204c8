/*
 * Time and chance as Node.js has them.
 */
import { randomBytes } from "node:crypto";
import { performance } from "node:perf_hooks";
import type { Surroundings } from "./transport.ts";

export const nodeSurroundings: Surroundings = {
  nowMs: () => performance.now(),
  unixMs: () => Date.now(),
  every(periodMs, callback) {
    // What arrived while this process was stopped or busy is read before anybody is taken for late.
    let immediate: NodeJS.Immediate | undefined;
    const timer = setInterval(() => {
      immediate ??= setImmediate(() => {
        immediate = undefined;
        callback();
      });
    }, periodMs);
    return () => {
      clearInterval(timer);
      clearImmediate(immediate);
    };
  },
  soon: (callback) => queueMicrotask(callback),
  random: () => Math.random(),
  uniqueId: () => randomBytes(16).toString("hex"),
};
