/*
 * Two workers, since two cores are what we promise to be content with; generous timeouts, since a timeout is a verdict
 * on a hang and never on speed.
 */
import { defineConfig } from "vitest/config";

const timeoutMs = 30_000;

// oxlint-disable-next-line import/no-default-export -- vitest reads the default export
export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "test/**/*.test.ts", "scripts/**/*.test.ts"],
    environment: "node",
    pool: "forks",
    maxWorkers: 2,
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    teardownTimeout: timeoutMs,
    allowOnly: false,
    passWithNoTests: false,
  },
});
