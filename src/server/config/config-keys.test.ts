import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { configJsonSchema, configKeys, namesAt } from "./config-keys.ts";

describe("the keys of the configuration", () => {
  it("each have a flag, a variable and a description", () => {
    expect(configKeys.find((key) => key.name === "listen.respHost")).toEqual({
      path: ["listen", "respHost"],
      name: "listen.respHost",
      flag: "--listen-resp-host",
      environment: "COPS_LISTEN_RESP_HOST",
      description: "Where to listen for clients; beyond loopback needs a password",
      reading: "text",
      isBoolean: false,
      fallback: "127.0.0.1",
    });
    expect(configKeys.filter(({ description }) => description === "")).toEqual([]);
    for (const by of ["flag", "environment"] as const) {
      expect(new Set(configKeys.map((key) => key[by])).size).toBe(configKeys.length);
    }
  });

  it("are known at every place of the file", () => {
    expect(namesAt([])).toContain("maxClients");
    expect(namesAt(["cluster", "datacenters", 3])).toEqual(["name", "nodes"]);
    expect(namesAt(["cluster", "datacenters", 3, "nodes", 0])).toContain("respPort");
    expect(namesAt(["maxClients"])).toEqual([]);
    expect(namesAt(["no", "such", "place"])).toEqual([]);
  });
});

describe("the published schema", () => {
  it("is that of this release: cops server --print-schema > docs/config.schema.json", () => {
    const published: unknown = JSON.parse(
      readFileSync(new URL("../../../docs/config.schema.json", import.meta.url), "utf8"),
    );
    expect(published).toEqual(configJsonSchema());
  });
});
