import { describe, expect, it } from "vitest";
import { importsOf, offence } from "./check-imports.ts";

describe("the specifiers of a source", () => {
  it("are found in every form of import", () => {
    const source = [
      `import type { A } from "./a.ts";`,
      `import {\n  b,\n  c,\n} from "../b.ts";`,
      `import "./side-effect.ts";`,
      `export { d } from './d.ts';`,
      `export * from "./e.ts";`,
      `const f = await import("./f.ts");`,
    ].join("\n");
    expect(importsOf(source).toSorted()).toEqual(
      ["./a.ts", "../b.ts", "./side-effect.ts", "./d.ts", "./e.ts", "./f.ts"].toSorted(),
    );
  });

  it("are not looked for in comments", () => {
    expect(importsOf(`/*\n import { a } from "./a.ts";\n*/\n// import "./b.ts";\nexport const c = 1;`)).toEqual([]);
  });

  it("do not run from one statement into the next", () => {
    expect(importsOf(`export const a = 1;\nimport { b } from "./b.ts";`)).toEqual(["./b.ts"]);
  });
});

describe("the direction of an import", () => {
  it.each([
    ["src/protocol/dot.ts", "../shared/bytes.ts"],
    ["src/core/clock.ts", "./gate/gate.ts"],
    ["src/core/gate/gate.ts", "../../protocol/dot.ts"],
    ["src/storage/file-log.ts", "../core/clock.ts"],
    ["src/storage/file-log.ts", "node:fs/promises"],
    ["src/server/driver.ts", "../net/transport.ts"],
    ["src/cli/main.ts", "../server/main.ts"],
    ["src/cli/version.ts", "../../package.json"],
    ["src/cli/commands/check.ts", "../../history/check/check.ts"],
    ["src/history/check/check.ts", "../reader.ts"],
    ["src/lab/sim/verdict.ts", "../../history/check/check.ts"],
    ["src/lab/sim/main.ts", "../../cli/up.ts"],
  ])("%s may import %s", (file, specifier) => {
    expect(offence(file, specifier)).toBeUndefined();
  });

  it.each([
    ["src/shared/bytes.ts", "../protocol/dot.ts", "shared may import nothing"],
    ["src/core/clock.ts", "../storage/log.ts", "core may import shared, protocol"],
    ["src/core/clock.ts", "node:fs", "core imports no package"],
    ["src/protocol/codec.ts", "zod", "protocol imports no package"],
    ["src/core/clock.ts", "../../package.json", "core imports nothing outside src"],
    ["src/net/tcp.ts", "../storage/log.ts", "net may import"],
    ["src/client/index.ts", "../server/driver.ts", "client may import"],
    ["src/server/driver.ts", "../cli/up.ts", "server may import"],
    ["src/cli/up.ts", "../lab/sim/main.ts", "cli may import"],
    ["src/history/check/check.ts", "../../core/clock.ts", "history may import shared, protocol"],
    ["src/server/driver.ts", "../history/format.ts", "server may import"],
    ["src/kitchen/sink.ts", "../shared/bytes.ts", "no room of the house"],
    ["src/main.ts", "./shared/bytes.ts", "no room of the house"],
  ])("%s may not import %s", (file, specifier, why) => {
    expect(offence(file, specifier)).toContain(why);
  });
});
