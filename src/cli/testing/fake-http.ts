/*
 * The operator ports of a few nodes, answering what a test says, and remembering what they were asked.
 */
import { once } from "node:events";
import type { Server } from "node:http";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { ClusterFile } from "../dev/cluster-file.ts";

export interface FakeRequest {
  readonly node: string;
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

export type FakeAnswer = (request: FakeRequest) => { readonly status: number; readonly body: unknown };

export class FakeHttp {
  readonly requests: FakeRequest[] = [];
  readonly #servers: Server[] = [];

  /** Where a node of that name listens, as host:port. */
  async listen(node: string, answer: FakeAnswer): Promise<string> {
    const server = createServer((request, response) => {
      let text = "";
      request.on("data", (chunk: Buffer) => (text += chunk.toString()));
      request.on("end", () => {
        const { method = "", url: path = "", headers } = request;
        const body: unknown = text === "" ? undefined : JSON.parse(text);
        const asked = { node, method, path, authorization: headers.authorization, body };
        this.requests.push(asked);
        const { status, body: answered } = answer(asked);
        response.writeHead(status).end(typeof answered === "string" ? answered : JSON.stringify(answered));
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    this.#servers.push(server);
    return `127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** A cluster of one node for each of the datacenters, all answering alike. */
  async cluster(datacenters: readonly string[], answer: FakeAnswer): Promise<ClusterFile> {
    const members = await Promise.all(
      datacenters.map(async (name, index) => {
        const http = await this.listen(`${name}-n0`, answer);
        return {
          name,
          index,
          nodes: [{ name: `${name}-n0`, pid: null, resp: "127.0.0.1:1", http, peer: "127.0.0.1:1" }],
        };
      }),
    );
    return { cluster: "fake", datacenters: members };
  }

  close(): void {
    for (const server of this.#servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  }
}
