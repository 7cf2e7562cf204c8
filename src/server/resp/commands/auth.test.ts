import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startMemoryNode } from "../testing/memory-node.ts";
import type { MemoryNode } from "../testing/memory-node.ts";
import { clientOf } from "../testing/raw-client.ts";

const wrong = "WRONGPASS invalid username-password pair or user is disabled.";
let open: MemoryNode;
let guarded: MemoryNode;
beforeAll(async () => {
  open = await startMemoryNode();
  guarded = await startMemoryNode({ server: { password: "s3cret" } });
});
afterAll(async () => {
  await open.close();
  await guarded.close();
});

describe("AUTH", () => {
  it("is needed for all but a few commands where there is a password", async () => {
    const client = clientOf(guarded);
    expect(await client.error("GET", "k")).toBe("NOAUTH Authentication required.");
    expect(await client.error("PING")).toBe("NOAUTH Authentication required.");
    expect(await client.error("NONSENSE")).toMatch(/^ERR unknown command/);
    expect(await client.error("HELLO", "3")).toMatch(/^NOAUTH HELLO must be called/);
    expect(await client.error("AUTH", "wrong")).toBe(wrong);
    expect(await client.error("AUTH", "somebody", "s3cret")).toBe(wrong);
    expect(await client.error("GET", "k")).toBe("NOAUTH Authentication required.");
    expect(await client.call("AUTH", "s3cret")).toBe("OK");
    expect(await client.call("GET", "k")).toBeNull();
    expect(await client.call("RESET")).toBe("RESET");
    expect(await client.error("GET", "k")).toBe("NOAUTH Authentication required.");
    expect(await client.call("AUTH", "default", "s3cret")).toBe("OK");
    client.close();
  });

  it("may come with HELLO", async () => {
    const client = clientOf(guarded);
    expect(await client.error("HELLO", "3", "AUTH", "default", "wrong")).toBe(wrong);
    expect(await client.call("HELLO", "3", "AUTH", "default", "s3cret")).toMatchObject({ kind: "map" });
    expect(await client.call("GET", "k")).toBeNull();
    client.close();
  });

  it("in a pipeline lets in what follows it", async () => {
    const client = clientOf(guarded);
    expect(await client.pipeline(["AUTH", "s3cret"], ["SET", "k", "1"], ["DEL", "k"])).toEqual(["OK", "OK", 1]);
    client.close();
  });

  it("says so where there is no password", async () => {
    const client = clientOf(open);
    expect(await client.error("AUTH", "x")).toMatch(/^ERR AUTH <password> called without any password configured/);
    expect(await client.call("AUTH", "default", "anything")).toBe("OK");
    expect(await client.error("AUTH", "other", "x")).toBe(wrong);
    expect(await client.error("AUTH", "a", "b", "c")).toBe("ERR syntax error");
    client.close();
  });

  it("limits what a client may send before it", async () => {
    const client = clientOf(guarded);
    client.sendRaw("*11\r\n");
    await client.closed;
    expect(client.received).toBe("-ERR Protocol error: unauthenticated multibulk length\r\n");
  });
});
