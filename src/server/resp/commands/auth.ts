/*
 * AUTH [username] password. There is one user, "default".
 */
import type { ByteString } from "../../../shared/bytes.ts";
import { syntaxError } from "../command.ts";
import type { OrderedCommand } from "../command.ts";
import type { RespConnection } from "../connection.ts";

const noPassword =
  "ERR AUTH <password> called without any password configured for the default user. " +
  "Are you sure your configuration is correct?";
const wrongPassword = "WRONGPASS invalid username-password pair or user is disabled.";

/** Authenticates; answers the error where it fails. */
export function authenticate(client: RespConnection, user: ByteString, password: ByteString): ByteString | undefined {
  const expected = client.services.password;
  // As in Redis: a user without a password is let in with any.
  if (expected === undefined) return user === "default" ? undefined : wrongPassword;
  if (!expected.accepts(password) || user !== "default") {
    client.services.stats.authenticationFailures++;
    client.services.warn("wrong-password", { address: client.address }, "authentication failed");
    return wrongPassword;
  }
  client.setAuthenticated(true);
  return undefined;
}

export const auth: OrderedCommand = {
  name: "auth",
  arity: -2,
  flags: ["fast"],
  group: "connection",
  since: "1.0.0",
  summary: "Authenticates the connection.",
  beforeAuth: true,
  run(client: RespConnection, args: readonly ByteString[]): void {
    const error = args.length > 3 ? syntaxError : attempt(client, args);
    if (error !== undefined) {
      client.replies.error(error);
      return;
    }
    client.replies.begin().ok();
    client.replies.end();
  },
};

function attempt(client: RespConnection, args: readonly ByteString[]): ByteString | undefined {
  if (args.length === 2 && client.services.password === undefined) return noPassword;
  const user = args.length === 2 ? "default" : (args[1] as ByteString);
  return authenticate(client, user, args.at(-1) as ByteString);
}
