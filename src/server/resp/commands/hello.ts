/*
 * HELLO [version [AUTH username password] [SETNAME name]]: chooses RESP2 or RESP3 and says who we are. Exclusive, because
 * replies that are pending must still be written in the version that they were asked in.
 */
import type { ByteString } from "../../../shared/bytes.ts";
import type { ExclusiveCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";
import { isConnectionName, invalidConnectionName } from "../connection-name.ts";
import { redisVersion } from "../redis-version.ts";
import { authenticate } from "./auth.ts";

interface Wishes {
  version: 2 | 3 | undefined;
  user: ByteString | undefined;
  password: ByteString;
  name: ByteString | undefined;
}

export const hello: ExclusiveCommand = {
  name: "hello",
  arity: -1,
  flags: ["fast"],
  group: "connection",
  since: "6.0.0",
  summary: "Handshakes with the server.",
  beforeAuth: true,
  exclusive: true,
  run(client: RespConnection, args: readonly ByteString[]): void {
    const wishes = wishesOf(args);
    const error = typeof wishes === "string" ? wishes : grant(client, wishes);
    if (error !== undefined) client.replies.error(error);
    else greet(client);
  },
};

/** A text is the error to answer. */
function wishesOf(args: readonly ByteString[]): Wishes | ByteString {
  const wishes: Wishes = { version: undefined, user: undefined, password: "", name: undefined };
  if (args.length === 1) return wishes;
  const version = args[1] as ByteString;
  if (!/^-?\d{1,18}$/.test(version)) return "ERR Protocol version is not an integer or out of range";
  if (version !== "2" && version !== "3") return "NOPROTO unsupported protocol version";
  wishes.version = version === "2" ? 2 : 3;
  for (let i = 2; i < args.length; i++) {
    const option = (args[i] as ByteString).toLowerCase();
    if (option === "auth" && i + 2 < args.length) {
      wishes.user = args[++i] as ByteString;
      wishes.password = args[++i] as ByteString;
    } else if (option === "setname" && i + 1 < args.length) {
      wishes.name = args[++i] as ByteString;
      if (!isConnectionName(wishes.name)) return invalidConnectionName;
    } else return `ERR Syntax error in HELLO option '${args[i] as ByteString}'`;
  }
  return wishes;
}

function grant(client: RespConnection, wishes: Wishes): ByteString | undefined {
  if (wishes.user !== undefined) {
    const error = authenticate(client, wishes.user, wishes.password);
    if (error !== undefined) return error;
  }
  if (!client.authenticated) {
    return (
      "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO <proto> AUTH <user> " +
      "<pass> option can be used to authenticate the client and select the RESP protocol version at the same time"
    );
  }
  if (wishes.name !== undefined) client.name = wishes.name;
  if (wishes.version !== undefined) client.replies.writer.version = wishes.version;
  return undefined;
}

function greet(client: RespConnection): void {
  const reply = client.replies.begin();
  reply.mapHeader(8);
  reply.bulk("server");
  reply.bulk("redis");
  reply.bulk("version");
  reply.bulk(redisVersion);
  reply.bulk("proto");
  reply.integer(reply.version);
  reply.bulk("id");
  reply.integer(client.id);
  reply.bulk("mode");
  reply.bulk("standalone");
  reply.bulk("role");
  reply.bulk("master");
  reply.bulk("modules");
  reply.arrayHeader(0);
  reply.bulk("cops_version");
  reply.bulkUtf8(client.services.version);
  client.replies.end();
}
