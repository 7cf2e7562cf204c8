import { TcpRelay } from "./testing/tcp-relay.ts";
import { at, dialler, optionsOf, testLimits, until } from "./testing/tcp-nodes.ts";
import { TcpTransport } from "./tcp-transport.ts";
import type { ResettableTransport } from "./resettable-transport.ts";
import { describeTransport } from "./transport-conformance.ts";
import type { TransportPair } from "./transport-conformance.ts";
import type { TransportEvents } from "./transport.ts";

/** The dialler's address is known only once the acceptor listens; so it is made when it starts. */
function startsLater(make: () => TcpTransport): ResettableTransport {
  let made: TcpTransport | undefined;
  return {
    async start(events: TransportEvents) {
      made = make();
      await made.start(events);
    },
    send: (peer, frame, length) => made?.send(peer, frame, length) ?? false,
    queuedBytes: (peer) => made?.queuedBytes(peer) ?? 0,
    links: () => made?.links() ?? [],
    reset: (peer, why) => made?.reset(peer, why),
    close: async () => made?.close(),
  };
}

async function openPair(byteByByte: boolean): Promise<TransportPair> {
  const high = new TcpTransport(optionsOf(257, [dialler(1)]));
  const relay = await TcpRelay.open(() => high.address.port);
  relay.byteByByte = byteByByte;
  const low = startsLater(() => new TcpTransport(optionsOf(1, [at(257, relay.port)])));
  return {
    ids: [1, 257],
    transports: [low, high],
    queueBytesMax: testLimits.queueBytesMax,
    frameBytesMax: byteByByte ? 100_000 : testLimits.frameBytesMax,
    until,
    sever: () => relay.sever(),
    dispose: async () => {
      await Promise.all([low.close(), high.close()]);
      await relay.close();
    },
  };
}

describeTransport("TcpTransport", async () => openPair(false));
describeTransport("TcpTransport through a network that splits every byte", async () => openPair(true));
