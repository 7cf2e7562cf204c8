/*
 * The password of the RESP port. Compared by digest under a key of this process, so that the time taken tells neither
 * where a guess differs nor how long the password is.
 */
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { ByteString } from "../../shared/bytes.ts";

export class Password {
  private readonly key = randomBytes(32);
  private readonly expected: Buffer;

  constructor(password: string) {
    this.expected = this.digest(Buffer.from(password, "utf8"));
  }

  accepts(guess: ByteString): boolean {
    return timingSafeEqual(this.digest(Buffer.from(guess, "latin1")), this.expected);
  }

  private digest(password: Buffer): Buffer {
    return createHmac("sha256", this.key).update(password).digest();
  }
}
