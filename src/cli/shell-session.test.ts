import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RespConnection } from "./resp-connection.ts";
import { ShellSession } from "./shell-session.ts";
import { FakeResp, bulk } from "./testing/fake-resp.ts";
import { runCops } from "./testing/run-cops.ts";

let dots = 0;

function reply(command: string): string {
  const [name = "", argument = ""] = command.split(" ");
  switch (name.toUpperCase()) {
    case "COPS.TOPOLOGY":
      return bulk('{"datacenter":{"name":"east","index":0}}');
    case "COPS.CONTEXT":
      return `*4\r\n${bulk("dots")}*${dots}\r\n${bulk("0/1/2").repeat(dots)}${bulk("prefixes")}*1\r\n${bulk("0/0/9")}`;
    case "COMMAND":
      return `*2\r\n*1\r\n${bulk("get")}*1\r\n${bulk("cops.why")}`;
    case "GET":
      dots++;
      return `$${argument.length}\r\n${argument}\r\n`;
    default:
      return "-ERR unknown command\r\n";
  }
}

let server: FakeResp;
let session: ShellSession;

beforeEach(async () => {
  dots = 0;
  server = await FakeResp.listen(reply);
  session = new ShellSession(() => RespConnection.open({ host: "127.0.0.1", port: server.port, password: undefined }));
});

afterEach(() => {
  session.close();
  server.close();
});

describe("the shell", () => {
  it("shows in its prompt where it is and what the session has seen", async () => {
    await session.connect();
    expect(session.prompt).toBe("east context 1> ");
    expect(await session.run("get a")).toEqual({ text: '"a"', failed: false });
    expect(session.prompt).toBe("east context 2> ");
    expect(session.commands).toEqual(["GET", "COPS.WHY"]);
  });

  it("takes quotes and escapes, and sends bytes as they were meant", async () => {
    await session.connect();
    expect(await session.run('get "a\\xffb"')).toEqual({ text: '"a\\xffb"', failed: false });
    expect(await session.run("get 'für dich'")).toEqual({ text: '"für"', failed: false });
    expect(await session.run('get "a')).toEqual({ text: "(error) the quotes do not match", failed: true });
    expect(await session.run("   ")).toEqual({ text: "", failed: false });
  });

  it("shows what the node refuses", async () => {
    await session.connect();
    expect(await session.run("nonsense")).toEqual({ text: "(error) ERR unknown command", failed: true });
  });

  it("connects anew after the connection was lost", async () => {
    await session.connect();
    server.dropConnections();
    const lost = await session.run("get a");
    expect(lost.text).toMatch(/^\(error\) 127\.0\.0\.1:\d+ .*the next command connects anew, with an empty context$/);
    expect(session.prompt).toBe("east context ?> ");
    expect((await session.run("get a")).text).toBe('"a"');
  });

  it("runs commands from a pipe, and fails when one did", async () => {
    const args = ["shell", "--port", String(server.port)];
    expect(await runCops(args, { input: "get a\nget b\n" })).toEqual({ code: 0, output: '"a"\n"b"\n', errors: "" });
    const { code, output } = await runCops(args, { input: "nonsense\nget b\nexit\nget c\n" });
    expect([code, output]).toEqual([1, '(error) ERR unknown command\n"b"\n']);
  });
});
