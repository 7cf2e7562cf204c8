/*
 * A client that is connected to a fake datacenter.
 */
import { Client } from "../client.ts";
import { ClientCore } from "../client-core.ts";
import type { ClientEvent } from "../events.ts";
import { settingsOf } from "../options.ts";
import type { ConnectOptions } from "../options.ts";
import { FakeDatacenter, portBase } from "./fake-datacenter.ts";
import { VirtualTime } from "./virtual-time.ts";

export interface Scene {
  readonly time: VirtualTime;
  readonly datacenter: FakeDatacenter;
  readonly client: Client;
  readonly events: ClientEvent[];
}

export interface SceneOptions extends Partial<ConnectOptions> {
  readonly nodes?: number;
  readonly partitions?: number;
  readonly seed?: number;
}

export async function connected(options: SceneOptions = {}): Promise<Scene> {
  const { nodes = 2, partitions = 8, seed = 1, ...connectOptions } = options;
  const time = new VirtualTime(seed);
  return connectTo(new FakeDatacenter(time, nodes, partitions), connectOptions);
}

export async function connectTo(datacenter: FakeDatacenter, options: Partial<ConnectOptions> = {}): Promise<Scene> {
  const { time } = datacenter;
  const events: ClientEvent[] = [];
  const onEvent = (event: ClientEvent): void => void events.push(event);
  const settings = settingsOf({ host: "10.0.0.1", port: portBase, onEvent, ...options });
  const core = new ClientCore(settings, datacenter, time);
  await time.until(core.connect(options.signal));
  return { time, datacenter, client: new Client(core), events };
}
