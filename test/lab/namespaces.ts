import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { runTool } from "./processes.ts";

/** A machine of its own as far as the network is concerned. */
export interface Place {
  readonly name: string;
  readonly address: string;
  /** Put before a command to run it there: an option of `startSshd`, `startRegistry` and `run`. Empty on loopback. */
  readonly prefix: readonly string[];
  /** Pulls the cable out: packets vanish, connections hang. */
  readonly pullCable: () => Promise<void>;
  readonly plugIn: () => Promise<void>;
}

export interface Places {
  /**
   * False: no namespaces here (not root, or a kernel without them); the places are loopback addresses without cables.
   */
  readonly isolated: boolean;
  /** Address of this process as the places see it. */
  readonly here: string;
  readonly places: readonly Place[];
  readonly stop: () => Promise<void>;
}

/** Whether network namespaces, veth pairs and bridges can be made here; for `test.skipIf`. */
export function namespacesWork(): boolean {
  if (process.getuid?.() !== 0) return false;
  const name = `t3p${randomBytes(3).toString("hex")}`;
  const make = spawnSync("sh", [
    "-c",
    'ip netns add "$0" && ip link add "$0b" type bridge && ip link add "$0v" type veth peer name "$0w"',
    name,
  ]);
  spawnSync("sh", ["-c", 'ip link del "$0v"; ip link del "$0b"; ip netns del "$0"', name]);
  return make.status === 0;
}

function ip(...args: string[]): Promise<string> {
  return runTool("ip", args);
}

/** A bridge in 198.18.0.0/15, the range for tests between networks (RFC 2544); nobody else has its number. */
async function makeBridge(): Promise<{ bridge: string; network: string }> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const number = randomBytes(1).readUInt8(0);
    const bridge = `t3b${number}`;
    const free = await ip("link", "add", bridge, "type", "bridge").catch(() => null);
    if (free === null) continue;
    const network = `198.18.${number}`;
    await ip("addr", "add", `${network}.1/24`, "dev", bridge);
    await ip("link", "set", bridge, "up");
    return { bridge, network };
  }
  throw new Error("no free network in 198.18.0.0/16");
}

async function makePlace(bridge: string, network: string, number: number): Promise<Place> {
  const name = `${bridge}n${number}`;
  const cable = `${bridge}v${number}`;
  const address = `${network}.${10 + number}`;
  await ip("netns", "add", name);
  await ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name);
  await ip("link", "set", cable, "master", bridge, "up");
  await ip("-n", name, "addr", "add", `${address}/24`, "dev", "eth0");
  await ip("-n", name, "link", "set", "lo", "up");
  await ip("-n", name, "link", "set", "eth0", "up");
  return {
    name,
    address,
    prefix: ["ip", "netns", "exec", name],
    async pullCable() {
      await ip("link", "set", cable, "nomaster");
    },
    async plugIn() {
      await ip("link", "set", cable, "master", bridge);
    },
  };
}

function loopbackPlaces(count: number): Places {
  const places = Array.from({ length: count }, (_, i) => {
    const without = (): Promise<void> =>
      Promise.reject(new Error("loopback has no cable: ask `isolated` first, or use startTcpProxy().blackhole()"));
    return { name: `loopback${i + 1}`, address: `127.0.0.${11 + i}`, prefix: [], pullCable: without, plugIn: without };
  });
  return { isolated: false, here: "127.0.0.1", places, stop: () => Promise.resolve() };
}

/**
 * As many network namespaces, each with an address of its own, on one bridge with this process; loopback addresses
 * where that cannot be had. Nothing in them reaches the outside. The servers in them must be stopped first.
 */
export async function startPlaces(count: number): Promise<Places> {
  if (!namespacesWork()) return loopbackPlaces(count);
  const { bridge, network } = await makeBridge();
  const places: Place[] = [];
  async function stop(): Promise<void> {
    process.off("exit", clear);
    for (const place of places) await ip("netns", "del", place.name);
    await ip("link", "del", bridge);
  }
  function clear(): void {
    for (const place of places) spawnSync("ip", ["netns", "del", place.name]);
    spawnSync("ip", ["link", "del", bridge]);
  }
  process.once("exit", clear);
  for (let number = 1; number <= count; number++) places.push(await makePlace(bridge, network, number));
  return { isolated: true, here: `${network}.1`, places, stop };
}
