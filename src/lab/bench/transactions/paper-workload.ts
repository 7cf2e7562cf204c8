/*
 * The dynamic workload of the paper (section 6.3): one keygroup of 512 keys for each client; a client picks a keygroup by a
 * normal distribution around its own, with variance 1, then a key of it, all alike; values of one byte; a put or a read by
 * chance, in the ratio given. Where the paper's client reads one key, this one reads several in one transaction.
 */
import type { Command } from "./closed-loop.ts";
import { Random } from "../../../shared/random.ts";

const keysPerGroup = 512;
const variance = 1;
export const keysPerRead = 5;

export class PaperWorkload {
  private readonly random: Random;
  private readonly clients: number;
  private readonly getsPerPut: number;

  constructor(seed: number, clients: number, getsPerPut: number) {
    this.random = new Random(seed);
    this.clients = clients;
    this.getsPerPut = getsPerPut;
  }

  next(client: number): Command {
    if (this.random.below(1 + this.getsPerPut) === 0) return ["SET", this.key(client), "x"];
    return ["MGET", ...Array.from({ length: keysPerRead }, () => this.key(client))];
  }

  private key(client: number): string {
    const group = Math.round(client + this.normal() * Math.sqrt(variance)) % this.clients;
    return `g${(group + this.clients) % this.clients}:${this.random.below(keysPerGroup)}`;
  }

  /** Box and Muller. */
  private normal(): number {
    return Math.sqrt(-2 * Math.log(1 - this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  private uniform(): number {
    return this.random.next() / 2 ** 32;
  }
}
