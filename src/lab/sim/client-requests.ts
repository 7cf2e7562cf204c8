/*
 * Numbered requests of a simulated client: repeated under the same number until their outcome is known, also after the node
 * crashed; in the same datacenter, for it alone knows the number, by way of any of its nodes.
 */
import { ClientConnection } from "./client-connection.ts";
import type { SimToken } from "./client-connection.ts";
import { PointOperation } from "./client-operations.ts";
import type { RequestId } from "../../protocol/write.ts";
import type { Writing } from "./write-operation.ts";

const attemptsMax = 6;

export class ClientRequests extends ClientConnection {
  private lastRequest = 0;

  /** Sends it until its outcome is known. */
  protected numbered(make: (request: RequestId) => Writing): void {
    this.withToken((token) => {
      const number = ++this.lastRequest;
      this.attempt(token, make({ client: this.name, number, answeredBelow: number }), 1);
    });
  }

  private attempt(token: SimToken, operation: Writing, attempt: number): void {
    const again = (): void => this.retry(token, operation, attempt);
    this.onCrash = again;
    const { session } = this;
    const start = (): void =>
      operation.sendOn(session, {
        answered: (conclude, isWritten) => {
          this.outstanding.delete(point);
          this.onCrash = undefined;
          this.busy = false;
          if (attempt > 1) this.count("numbered request repeated");
          conclude(attempt > 1 && isWritten);
        },
        failed: (failure) => {
          this.outstanding.delete(point);
          if (attempt === 1) operation.missedBy(failure);
          if (attempt > 1 || operation.ending === "unknown") again();
          else this.concluded(operation);
        },
      });
    const point = new PointOperation(this, start, () => undefined);
    this.submit(point);
  }

  private concluded(operation: Writing): void {
    this.onCrash = undefined;
    this.busy = false;
    operation.record({ outcome: operation.ending === "refused" ? "refused" : "unknown" });
  }

  private retry(token: SimToken, operation: Writing, attempt: number): void {
    // A crash while it waits changes nothing: it goes elsewhere anyway.
    this.onCrash = () => undefined;
    if (attempt >= attemptsMax) {
      operation.record({ outcome: "unknown" });
      if (this.open) this.leave();
      this.endThread();
      return;
    }
    this.parts.scheduler.after(200 * attempt, () => {
      const node = this.runningNode(token.seen.datacenter, this.random);
      if (node === undefined) {
        this.retry(token, operation, attempt + 1);
        return;
      }
      this.goTo(token, this.parts.nodes.indexOf(node), 20_000, (isThere) => {
        if (isThere) this.attempt(token, operation, attempt + 1);
        else this.retry(token, operation, attempt + 1);
      });
    });
  }
}
