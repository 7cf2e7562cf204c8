/*
 * The example of section 4.6 of the paper. Alice closes her album to all but her friends, puts personal photos in, takes
 * them out again, and opens it; over and over, each step after the one before. Eve, who is no friend, looks at both keys.
 * She must never find personal photos under an open access control list, in whichever order the two were written.
 */
import type { Client } from "../client.ts";
import type { ClientContext } from "../client-context.ts";

export const aclKey = "album:alice:acl";
export const photosKey = "album:alice:photos";

/** What Alice does in one round: the key, and what she puts there. */
const steps = [
  [aclKey, "friends only"],
  [photosKey, "personal"],
  [photosKey, "harmless"],
  [aclKey, "everybody"],
] as const;

export type PutStep = (key: string, value: string, context: ClientContext) => Promise<unknown>;

export class Alice {
  readonly context: ClientContext;
  private readonly put: PutStep;
  private done = 0;

  constructor(client: Client, put: PutStep = (key, value, context) => client.put(key, value, context)) {
    this.context = client.createContext();
    this.put = put;
  }

  /** An album with harmless photos, open to everybody. */
  async open(): Promise<void> {
    await this.put(photosKey, "harmless 0", this.context);
    await this.put(aclKey, "everybody 0", this.context);
  }

  async step(): Promise<void> {
    const [key, value] = steps[this.done % steps.length] as (typeof steps)[number];
    this.done++;
    await this.put(key, `${value} ${this.done}`, this.context);
  }
}

/** Whether somebody who was shown these may have been shown what was never meant for everybody. */
export function isLeak(acl: string | null, photos: string | null): boolean {
  return acl?.startsWith("everybody") === true && photos?.startsWith("personal") === true;
}
