/*
 * One connection as CLIENT LIST and CLIENT INFO describe it: the fields of Redis that say something true here.
 */
import type { ByteString } from "../../shared/bytes.ts";
import type { RespConnection } from "./connection.ts";

export function clientLine(client: RespConnection, nowMs: number): ByteString {
  const fields: (readonly [name: string, value: string | number])[] = [
    ["id", client.id],
    ["addr", client.address],
    ["laddr", client.localAddress],
    ["name", client.name],
    ["age", secondsSince(client.connectedMs, nowMs)],
    ["idle", secondsSince(client.activeMs, nowMs)],
    ["flags", flagsOf(client)],
    ["db", 0],
    ["qbuf", client.queryBytes],
    ["oll", client.replies.pendingCount],
    ["omem", client.outputBytes],
    ["tot-net-in", client.inputBytes],
    ["tot-cmds", client.commands],
    ["cmd", client.lastCommand === "" ? "NULL" : client.lastCommand],
    ["user", client.authenticated ? "default" : "(none)"],
    ["resp", client.replies.writer.version],
    ["lib-name", client.libraryName],
    ["lib-ver", client.libraryVersion],
    ["session", client.named?.name ?? ""],
  ];
  return `${fields.map(([name, value]) => `${name}=${value}`).join(" ")}\n`;
}

function flagsOf(client: RespConnection): string {
  if (client.isClosing) return "c";
  return client.isBlocked ? "b" : "N";
}

function secondsSince(thenMs: number, nowMs: number): number {
  return Math.max(0, Math.floor((nowMs - thenMs) / 1000));
}
