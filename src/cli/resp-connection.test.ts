import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { replyJson, replyText } from "./reply-text.ts";
import { RespConnection } from "./resp-connection.ts";
import { FakeResp, bulk } from "./testing/fake-resp.ts";
import { runCops } from "./testing/run-cops.ts";

const replies: Record<string, string> = {
  "AUTH right": "+OK\r\n",
  "AUTH wrong": "-WRONGPASS invalid password\r\n",
  PING: "+PONG\r\n",
  RUBBISH: "?\r\n",
  NESTED: `*3\r\n*2\r\n:1\r\n:2\r\n%1\r\n${bulk("a")}*0\r\n$-1\r\n`,
  "COPS.WHY grüße JSON": "",
};

let server: FakeResp;

beforeEach(async () => {
  server = await FakeResp.listen(
    (command) => replies[Buffer.from(command, "latin1").toString("utf8")] ?? "-ERR what\r\n",
  );
});

afterEach(() => server.close());

function open(password?: string): Promise<RespConnection> {
  return RespConnection.open({ host: "127.0.0.1", port: server.port, password });
}

describe("a connection of the command line", () => {
  it("gives the password first", async () => {
    const connection = await open("right");
    expect(await connection.ask("PING")).toBe("PONG");
    expect(server.commands).toEqual(["AUTH right", "PING"]);
    connection.close();
    await expect(open("wrong")).rejects.toMatchObject({ code: "REPLY_ERROR", exitCode: 1 });
  });

  it("tells a refusal from a lost connection and from another protocol", async () => {
    const connection = await open();
    await expect(connection.ask("NOPE")).rejects.toMatchObject({ code: "REPLY_ERROR" });
    await expect(connection.ask("RUBBISH")).rejects.toThrow("does not speak the Redis protocol");
    await expect(connection.ask("PING")).rejects.toMatchObject({ code: "UNREACHABLE" });
    expect(connection.isOpen).toBe(false);
  });

  it("shows replies as redis-cli does, and as JSON", async () => {
    const connection = await open();
    const reply = await connection.ask("NESTED");
    expect(replyText(reply)).toBe('1) 1) (integer) 1\n   2) (integer) 2\n2) "a" => (empty list)\n3) (nil)');
    expect(replyJson(reply)).toEqual([[1, 2], { a: [] }, null]);
    connection.close();
  });
});

describe("cops why", () => {
  it("explains a key, for people and for programs", async () => {
    const visible = { origin: "east", dot: "0/3/7", time: 1, tombstone: false, ageMs: 1_500 };
    const east = { datacenter: "east", node: "east-0", reachable: true, visible, waiting: [], waitingMore: 0 };
    const report = { key: "grüße", partition: 3, datacenters: [east], tookMs: 2 };
    replies["COPS.WHY grüße JSON"] = bulk(JSON.stringify(report));
    const { code, output } = await runCops(["why", "grüße", "--port", String(server.port)]);
    expect(code).toBe(0);
    expect(output).toContain("grüße");
    expect(output).toContain("east: shows 0/3/7, written in east 1.5 s ago");
    const { output: json } = await runCops(["why", "grüße", "--port", String(server.port), "--json"]);
    expect(JSON.parse(json)).toEqual(report);
  });

  it("fails with what the node says", async () => {
    const { code, errors } = await runCops(["why", "other", "--port", String(server.port)]);
    expect([code, errors]).toEqual([1, `cops: 127.0.0.1:${server.port} says: ERR what\n`]);
  });
});
