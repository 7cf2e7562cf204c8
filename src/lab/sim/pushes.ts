/*
 * Rare branches of the cores that are pushed. Each is something that a core may do at any time, and that the right to do does not
 * depend on how rare it is: run out of room, forget what it only remembers to be fast, read again what it has. In most runs it
 * never happens, so a seed turns a few of them on, and those then happen often.
 *
 * A push patches a core from outside, as a mutant does; but it breaks no rule, so nothing may be found.
 */
import type { NodeCore } from "../../core/node-core.ts";
import { metaKey } from "../../core/node-meta.ts";
import type { Shipper } from "../../core/shipper.ts";
import { shipMessageBytes, shipRetryMsMin, transTimeMs } from "../../shared/limits.ts";
import { ticksPerMs } from "../../protocol/hybrid-time.ts";
import { PinnedTimes } from "./pinned-times.ts";
import type { Random } from "../../shared/random.ts";

interface Push {
  readonly name: string;
  /** The share of seeds that have it, where that is not `activeChance`. */
  readonly active?: number;
  /** `fires` says each time whether it happens, and counts it. */
  push(core: NodeCore, fires: () => boolean, random: Random): void;
}

const activeChance = 0.12;
const firesChances = [0.01, 0.1, 0.5];
const contextDotsEarly = 4;

/** As when it is full of older writes: the stream is opened again later. */
const gateRefuses: Push = {
  name: "the gate has no room",
  push({ gate, state }, fires) {
    const admit = gate.admit.bind(gate);
    gate.admit = (partition, write) => {
      if (!fires()) return admit(partition, write);
      state.counters.writesDropped++;
      return false;
    };
  },
};

/** As when an older write takes its place. */
const gateDrops: Push = {
  name: "the gate drops a write that waits",
  push({ gate }, fires) {
    const admit = gate.admit.bind(gate);
    gate.admit = (partition, write) => {
      const isIn = admit(partition, write);
      const [oldest] = gate.all();
      if (oldest !== undefined && !oldest.held && fires()) gate["drop"](oldest);
      return isIn;
    };
  },
};

/** Only while a frame is under way: its end is what those who wait for room are told by. */
const logIsFull: Push = {
  name: "no more may be proposed",
  push({ state: { proposals } }, fires) {
    Object.defineProperty(proposals, "full", { get: () => proposals.isFrameUnderWay && fires() });
  },
};

const contextCollapses: Push = {
  name: "a context collapses early",
  push(core, fires) {
    const createSession = core.createSession.bind(core);
    core.createSession = () => {
      const session = createSession();
      const { context } = session;
      const dependencies = context.dependencies.bind(context);
      context.dependencies = () => {
        if (context["dots"].length > 2 * contextDotsEarly && fires()) context["collapse"]();
        return dependencies();
      };
      return session;
    };
  },
};

const streamsOpenAgain: Push = {
  name: "a stream is opened again",
  push(core, fires) {
    const tick = core.tick.bind(core);
    core.tick = () => {
      for (const receiver of core.receivers.values()) if (fires() && fires()) receiver.droppedLater();
      tick();
    };
  },
};

/** As after a long time without acknowledgement; not more often, nor a lot, or a slow link is sent what it can never carry. */
const shippingGoesBack: Push = {
  name: "shipping goes back",
  push(core, fires) {
    const nextMs = new Map<Shipper, number>();
    const tick = core.tick.bind(core);
    core.tick = () => {
      const { timerMs } = core.state;
      for (const shipper of core.shippers.values()) {
        const isIdle = shipper.inFlightBytes < shipMessageBytes;
        if (!isIdle || timerMs < (nextMs.get(shipper) ?? 0) || !fires()) continue;
        nextMs.set(shipper, timerMs + shipRetryMsMin);
        shipper["retryMs"] = 0;
      }
      tick();
    };
  },
};

/** As for a destination that is far behind. */
const framesForgotten: Push = {
  name: "shipping reads the log",
  push({ recent }, fires) {
    const from = recent.from.bind(recent);
    recent.from = (position) => (fires() ? undefined : from(position));
  },
};

/** What was learnt from answers saves messages, and no more. */
const watermarksForgotten: Push = {
  name: "answers to dependency checks are forgotten",
  push({ remote }, fires) {
    const holds = remote.holds.bind(remote);
    remote.holds = (origin, seq) => !fires() && holds(origin, seq);
  },
};

/** The bound of the clock is raised when a time needs it, in the frame of the entry that carries the time. */
const reserveIsLate: Push = {
  name: "the clock's bound is raised late",
  push({ state: { clock } }, fires) {
    const reserveRunsLow = clock.reserveRunsLow.bind(clock);
    clock.reserveRunsLow = () => reserveRunsLow() && !fires();
  },
};

/** Else a log of a few seconds never gets so long that any of it may go. */
const marksAreClose: Push = {
  name: "a mark from where shipping may begin again",
  active: 0.5,
  push({ marks, state }, fires) {
    const at = marks.at.bind(marks);
    marks.at = (position) => {
      const last = marks["marks"].at(-1);
      if (last !== undefined && position > last.position && fires()) {
        marks["marks"].push({ position, seqs: Float64Array.from(state.partitions.values(), ({ seq }) => seq) });
      }
      at(position);
    };
  },
};

/** As where there is no room for them: snapshots that ask for what was before are told so, and begin again. */
const olderGoEarly: Push = {
  name: "superseded versions go early",
  active: 0.5,
  push({ state: { older } }, fires) {
    const expire = older.expire.bind(older);
    older.expire = (now, timerMs) => expire(fires() ? now + transTimeMs * ticksPerMs : now, timerMs);
  },
};

/** By a long scan. */
const timesArePinned: Push = {
  name: "a time is pinned",
  active: 0.25,
  push(core, fires, random) {
    const pinned = new PinnedTimes(core, random);
    const tick = core.tick.bind(core);
    core.tick = () => {
      tick();
      pinned.tick(() => fires());
      core.state.wake();
    };
  },
};

/** A checkpoint of many batches, with a crash between any two of them. */
const batchesAreSmall: Push = {
  name: "a checkpoint of many batches",
  push(core, fires, random) {
    const beginCheckpoint = core.beginCheckpoint.bind(core);
    core.beginCheckpoint = () => {
      const checkpoint = beginCheckpoint();
      const records = checkpoint["records"];
      const take = checkpoint.take.bind(checkpoint);
      checkpoint.take = () => {
        if (!fires()) return take();
        const some = records.slice(0, checkpoint["next"] + 1 + random.below(4));
        Reflect.set(checkpoint, "records", some);
        const { puts, deletes, last } = take();
        Reflect.set(checkpoint, "records", records);
        if (some.length === records.length) return { puts, deletes, last };
        return { puts: puts.filter(([key]) => key !== metaKey), deletes: [], last: false };
      };
      return checkpoint;
    };
  },
};

const pushes = [
  gateRefuses,
  gateDrops,
  logIsFull,
  contextCollapses,
  streamsOpenAgain,
  shippingGoesBack,
  framesForgotten,
  watermarksForgotten,
  reserveIsLate,
  marksAreClose,
  olderGoEarly,
  timesArePinned,
  batchesAreSmall,
];

export class Pushes {
  private isOver = false;
  private readonly random: Random;
  private readonly active: readonly { readonly push: Push; readonly chance: number }[];
  /** It happened. */
  private readonly count: (situation: string) => void;

  constructor(random: Random, count: (situation: string) => void) {
    this.random = random;
    this.count = count;
    this.active = pushes.flatMap((push) => {
      const own = random.fork(push.name);
      return own.chance(push.active ?? activeChance) ? [{ push, chance: own.pick(firesChances) }] : [];
    });
  }

  /** Before a core recovers. `life` names it and its incarnation. */
  onto(core: NodeCore, life: string): void {
    for (const { push, chance } of this.active) {
      const own = this.random.fork(`${push.name} ${life}`);
      const fires = (): boolean => {
        const isNow = own.chance(chance) && !this.isOver;
        if (isNow) this.count(`pushed: ${push.name}`);
        return isNow;
      };
      push.push(core, fires, own.fork("more"));
    }
  }

  /** From now on nothing is pushed. */
  end(): void {
    this.isOver = true;
  }
}
