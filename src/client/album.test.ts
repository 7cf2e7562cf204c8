import { describe, expect, it } from "vitest";
import { aclKey, Alice, isLeak, photosKey } from "./testing/album.ts";
import { connected } from "./testing/connected.ts";
import type { Fault } from "./testing/fake-datacenter.ts";
import { replyError } from "../protocol/resp/reply-values.ts";
import { Random } from "../shared/random.ts";

const roundsOfAlice = 40;

function faultOf(random: Random, name: string): Fault | undefined {
  const die = random.below(100);
  if (die < 5) return { kind: "lost before" };
  if (die < 10) return { kind: "lost after" };
  if (die < 25) return { kind: "late", delayMs: 1 + random.below(20) };
  if (die < 35 && name === "COPS.GETTRANS") return { kind: "reply", reply: replyError("SNAPSHOTTOOOLD start again") };
  return undefined;
}

describe("the access control list and the album (paper, 4.6)", () => {
  it("read one after the other, in either order, show what was never meant for everybody", async () => {
    const { time, client } = await connected();
    const alice = new Alice(client);
    await time.until(alice.open());
    const eve = client.createContext();
    const oldAcl = await time.until(client.get(aclKey, eve));
    await time.until(alice.step());
    await time.until(alice.step());
    expect(isLeak(oldAcl, await time.until(client.get(photosKey, eve)))).toBe(true);
    const oldPhotos = await time.until(client.get(photosKey, client.createContext()));
    await time.until(alice.step());
    await time.until(alice.step());
    expect(isLeak(await time.until(client.get(aclKey, eve)), oldPhotos)).toBe(true);
  });

  it("read in a transaction never do, whatever gets lost, comes late or is too old", async () => {
    const { time, datacenter, client } = await connected({ retry: { attemptsMax: 100, delayMsMax: 20 } });
    const random = new Random(46);
    for (const node of datacenter.nodes) node.onCommand = (command) => faultOf(random, command[0] ?? "");
    const alice = new Alice(client);
    await time.until(alice.open());
    let over = false;
    const work = (async () => {
      for (let i = 0; i < roundsOfAlice; i++) await alice.step();
      over = true;
    })();
    const looks = [0, 1, 2].map(async () => {
      const seen = new Set<string>();
      while (!over) {
        const [acl, photos] = await client.getTrans([aclKey, photosKey], client.createContext());
        expect(isLeak(acl, photos)).toBe(false);
        seen.add(`${acl}, ${photos}`);
      }
      return seen.size;
    });
    const [, ...seen] = await time.until(Promise.all([work, ...looks]));
    // They did see her at work.
    for (const size of seen) expect(size).toBeGreaterThan(5);
  });

  it("written in a transaction change together, under one dot", async () => {
    const { time, datacenter, client } = await connected();
    const context = client.createContext();
    const both = client.putTrans(
      [
        { kind: "put", key: aclKey, value: "friends only" },
        { kind: "put", key: photosKey, value: "personal" },
      ],
      context,
    );
    const result = await time.until(both);
    const { current } = datacenter.store;
    expect(current.get(aclKey)?.dot).toBe(current.get(photosKey)?.dot);
    expect(result).toMatchObject({ written: true, write: { dot: { seq: current.get(aclKey)?.seq } } });
    expect(await time.until(client.getTrans([photosKey, aclKey]))).toEqual(["personal", "friends only"]);
  });
});
