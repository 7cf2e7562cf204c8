import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configDigest } from "./config-digest.ts";
import { ConfigError } from "./errors.ts";
import type { ConfigInput, LoadedConfig } from "./load-config.ts";
import { loadConfig } from "./load-config.ts";

const good = `cluster:
  id: blue
  partitions: 16
  datacenters:
    - name: east
      nodes:
        - { name: east-0, respPort: 7000, httpPort: 7030, peerPort: 7060 }
        - { name: east-1, respPort: 7001, httpPort: 7031, peerPort: 7061 }
    - name: west
      nodes:
        - { name: west-0, host: 10.0.0.7, respPort: 7100, httpPort: 7130, peerPort: 7160 }
`;

let directory: string;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "cops-config-"));
  file = join(directory, "cluster.yaml");
});

afterEach(() => rmSync(directory, { recursive: true }));

async function load(text: string, more: Partial<ConfigInput> = {}): Promise<LoadedConfig> {
  writeFileSync(file, text);
  return loadConfig({ file, environment: {}, flags: new Map([["node", "east-1"]]), ...more });
}

/** What is wrong, with the test's directory cut off. */
async function problemsOf(text: string, more: Partial<ConfigInput> = {}): Promise<string[]> {
  const error: unknown = await load(text, more).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ConfigError)) throw new Error("the configuration was accepted", { cause: error });
  return error.message.replaceAll(`${directory}/`, "").split("\n");
}

describe("a configuration", () => {
  it("knows the node, its datacenter and its defaults", async () => {
    const { config, warnings } = await load(good);
    expect(config).toMatchObject({
      self: 1,
      datacenter: { name: "east", index: 0 },
      node: { name: "east-1", index: 1, host: "127.0.0.1", respPort: 7001 },
      listen: { respHost: "127.0.0.1", httpHost: "127.0.0.1", peerHost: "127.0.0.1" },
      maxClients: 10_000,
      cacheBytes: 512 * 1024 * 1024,
      allowFaults: false,
      logLevel: "info",
    });
    expect(config.nodeDirectory).toBe(join(directory, "data", "east-1"));
    expect(warnings).toEqual([]);
  });

  it("may be JSON as well", async () => {
    const node = { name: "a", respPort: 1, httpPort: 2, peerPort: 3 };
    const json = { cluster: { id: "c", partitions: 1, datacenters: [{ name: "d", nodes: [node] }] }, node: "a" };
    const { config } = await load(JSON.stringify(json, null, "\t"), { flags: new Map() });
    expect(config.self).toBe(0);
  });

  it("takes what the file says, over it the environment, and over that the flags", async () => {
    const environment = { COPS_MAX_CLIENTS: "2", COPS_LOG_LEVEL: "warn", COPS_LISTEN_RESP_HOST: "127.0.0.2" };
    const flags = new Map([
      ["node", "west-0"],
      ["logLevel", "error"],
      ["cacheBytes", "1.5GiB"],
      ["allowFaults", "true"],
    ]);
    const { config } = await load(`${good}maxClients: 1\nlogLevel: debug\nattachTimeoutMs: 7\n`, {
      environment,
      flags,
    });
    expect(config).toMatchObject({
      self: 256,
      maxClients: 2,
      logLevel: "error",
      attachTimeoutMs: 7,
      allowFaults: true,
    });
    expect(config.cacheBytes).toBe(1.5 * 1024 ** 3);
    expect(config.listen.respHost).toBe("127.0.0.2");
  });

  it("needs no file where flags and environment say everything", async () => {
    const datacenters = '[{name: d, nodes: [{name: "a", respPort: 1, httpPort: 2, peerPort: 3}]}]';
    const environment = { COPS_CLUSTER_ID: "007", COPS_CLUSTER_PARTITIONS: "4", COPS_CLUSTER_DATACENTERS: datacenters };
    const { config } = await loadConfig({ environment, flags: new Map([["node", "a"]]) });
    expect(config.cluster).toMatchObject({ id: "007", partitions: 4 });
  });

  it("warns of a variable that was probably meant to be a setting", async () => {
    const { warnings } = await load(good, { environment: { COPS_PASWORD: "x", COPS_SERVICE_HOST_7: "y", HOME: "z" } });
    expect(warnings).toEqual(["COPS_PASWORD is no setting and was not used; did you mean COPS_PASSWORD?"]);
  });
});

describe("a wrong configuration is told with its place and what is right:", () => {
  it("a value of the wrong kind", async () => {
    expect(await problemsOf(good.replace("16", "sixteen"))).toEqual([
      'cluster.yaml:3:15: cluster.partitions is "sixteen"; it must be a whole number from 1 to 16384',
    ]);
  });

  it("several at once", async () => {
    expect(await problemsOf(good.replace("7000", "70000").replace("west-0", ".x") + "cacheBytes: 1KiB\n")).toEqual([
      "cluster.yaml:7:37: cluster.datacenters[0].nodes[0].respPort is 70000; it must be a whole number from 1 to 65535",
      'cluster.yaml:11:19: cluster.datacenters[1].nodes[0].name is ".x"; it must be 1 to 64 letters, digits, dots, ' +
        "dashes or underscores, a letter or digit first",
      'cluster.yaml:12:13: cacheBytes is "1KiB"; it must be a size from 1MiB to 1TiB, as bytes or with a unit (64MiB)',
    ]);
  });

  it("a missing value, at what should hold it", async () => {
    expect(await problemsOf(good.replace("  partitions: 16\n", ""))).toEqual([
      "cluster.yaml:2:3: cluster.partitions is missing; it must be a whole number from 1 to 16384 " +
        "(also --cluster-partitions or COPS_CLUSTER_PARTITIONS)",
    ]);
  });

  it("an unknown key, with what was meant", async () => {
    const text = good.replace("  partitions:", "  patritions:") + "colour: red\nlisten:\n  resphost: 127.0.0.1\n";
    expect(await problemsOf(text)).toContain(
      "cluster.yaml:3:3: cluster.patritions is not a setting; did you mean partitions?",
    );
    expect(await problemsOf(text)).toContain(
      "cluster.yaml:14:3: listen.resphost is not a setting; did you mean respHost?",
    );
    expect((await problemsOf(text)).find((line) => line.includes("colour"))).toMatch(
      /^cluster\.yaml:12:1: colour is not a setting; known here: cluster, node, dataDirectory,/,
    );
  });

  it("what is no YAML", async () => {
    expect((await problemsOf("cluster: {\n  id: [\n"))[0]).toMatch(/^cluster\.yaml:3:1: is not valid: /);
    expect((await problemsOf("cluster: {}\ncluster: {}\n"))[0]).toMatch(/^cluster\.yaml:2:1: is not valid: .*unique/);
    expect(await problemsOf("- a\n")).toEqual([
      "cluster.yaml:1:1: holds no settings; it must be settings by name, such as `cluster:`",
    ]);
  });

  it("an empty file", async () => {
    expect(await problemsOf("")).toEqual([
      "cluster.yaml:1:1: cluster is missing; it must be the cluster's id, partitions and datacenters",
    ]);
  });

  it("no file", async () => {
    const missing = loadConfig({ file: "nowhere.yaml", environment: {}, flags: new Map() });
    await expect(missing).rejects.toThrow("nowhere.yaml:1:1: cannot be read: there is no such file");
  });

  it("a flag or a variable, by its name", async () => {
    const environment = { COPS_LISTEN_PEER_HOST: "not a host", COPS_MAX_CLIENTS: "{" };
    const flags = new Map([
      ["node", "east-1"],
      ["wanDelayMs", "-1"],
    ]);
    const problems = await problemsOf(good, { environment, flags });
    expect(problems).toContain(
      'COPS_LISTEN_PEER_HOST: listen.peerHost is "not a host"; it must be a host name or an IP address',
    );
    expect(problems).toContain(
      "--wan-delay-ms: wanDelayMs is -1; it must be a whole number of milliseconds from 0 to 60000",
    );
    expect(problems.find((line) => line.startsWith("COPS_MAX_CLIENTS: maxClients is not valid YAML"))).toBeDefined();
  });

  it("a secret, without showing it", async () => {
    expect(await problemsOf(`${good}password: 12345678\n`)).toEqual([
      "cluster.yaml:12:11: password is a number; it must be 1 to 1024 characters (in quotes if they look like a number)",
    ]);
    expect((await problemsOf(good.replace("id:", "secret: hush\n  id:"))).join("")).not.toContain("hush");
  });

  it("names and addresses that are there twice", async () => {
    const text = good
      .replace("name: west\n", "name: east\n")
      .replace("east-1, respPort: 7001", "east-0, respPort: 7030");
    expect(await problemsOf(text, { flags: new Map([["node", "east-0"]]) })).toEqual([
      "cluster.yaml:9:13: cluster.datacenters[1].name is east, which is the name of datacenter 0 already; " +
        "each has a name of its own",
      "cluster.yaml:8:19: cluster.datacenters[0].nodes[1].name is east-0, which is the name of a node of east already; " +
        "each has a name of its own",
      "cluster.yaml:8:37: cluster.datacenters[0].nodes[1].respPort is 127.0.0.1:7030, which is the httpPort of east-0 " +
        "already; each has an address of its own",
    ]);
  });

  it("a node that the cluster does not have", async () => {
    expect(await problemsOf(good, { flags: new Map([["node", "eats-1"]]) })).toEqual([
      "--node: node is eats-1, which the cluster does not have; did you mean east-1?",
    ]);
  });

  it.each([
    ["listen: { respHost: 0.0.0.0 }\n", "listen.respHost is 0.0.0.0, which others can reach; set password, "],
    ["listen: { httpHost: '::' }\n", "listen.httpHost is ::, which others can reach; set password, "],
    [
      "password: x\nlisten: { peerHost: box }\n",
      "listen.peerHost is box, which others can reach; set cluster.secret, ",
    ],
  ])("a port beyond loopback that nothing protects: %s", async (text, message) => {
    const problems = await problemsOf(good + text);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`${message}or listen on 127.0.0.1`);
  });

  it("a delay where faults are not allowed", async () => {
    expect(await problemsOf(`${good}wanDelayMs: 50\n`)).toEqual([
      "cluster.yaml:12:13: wanDelayMs is 50; it needs allowFaults: true",
    ]);
  });
});

describe("the digest of a configuration", () => {
  it("is the same for all nodes, wherever they are", async () => {
    const one = (await load(good)).config;
    const text = good.replace("10.0.0.7", "10.0.0.8").replace("7000", "8000");
    const other = (await load(`${text}maxClients: 5\n`, { flags: new Map([["node", "west-0"]]) })).config;
    expect(other.configDigest).toBe(one.configDigest);
    expect(one.configDigest).toMatch(/^[0-9a-f]{32}$/);
  });

  it("changes with all that decides who owns what", async () => {
    const { cluster } = (await load(good)).config;
    const [east, west] = cluster.datacenters;
    if (east === undefined || west === undefined) throw new Error("two datacenters");
    const variants = [
      cluster,
      { ...cluster, id: "green" },
      { ...cluster, partitions: 17 },
      { ...cluster, datacenters: [west, east] },
      { ...cluster, datacenters: [east] },
      { ...cluster, datacenters: [{ ...east, nodes: east.nodes.toReversed() }, west] },
    ];
    expect(new Set(variants.map((variant) => configDigest(variant))).size).toBe(variants.length);
  });
});
