import { connect, type Socket } from "node:net";
import { writeConfig } from "../../../lab/config.ts";
import { answerOf } from "../../../lab/answer.ts";
import { makeImage, type Blob, type Image } from "../../../lab/image.ts";
import { startLiar, type Liar } from "../../../lab/liar.ts";
import { relay } from "../../../lab/liar-relay.ts";
import { until } from "../../../lab/processes.ts";
import { pushExactly } from "../../../lab/push.ts";
import type { Registry } from "../../../lab/registry.ts";
import type { Sshd } from "../../../lab/sshd.ts";

export const VANTAGES = ["fra", "here", "sgp"] as const;

/** What the vantages find on their way to the registry: a door that can be held, and everything that went through it. */
export interface Way {
  readonly liar: Liar;
  readonly config: string;
  /** From now on nobody is answered. */
  readonly hold: () => void;
  readonly letGo: () => void;
  /** Requests of all vantages for paths that end so: `fra GET`, sorted. */
  readonly asked: (end: string) => readonly string[];
  readonly stop: () => Promise<void>;
}

/** Three vantages whose requests are noted and, while the door is held, wait. */
export async function openWay(
  folder: string,
  registry: Registry,
  vms: readonly [Sshd, Sshd],
  serve: Readonly<Record<string, unknown>> = {},
  others: Readonly<Record<string, unknown>> = {},
): Promise<Way> {
  let door: Promise<void> = Promise.resolve();
  let letGo = (): void => undefined;
  const liar = await startLiar({
    vantages: VANTAGES,
    otherwise: async (request) => {
      await door;
      return relay(request);
    },
  });
  const config = await writeConfig(folder, {
    local: { proxy: liar.proxyOf("here") },
    workers: [
      { name: "fra", vm: vms[0], proxy: liar.proxyOf("fra") },
      { name: "sgp", vm: vms[1], proxy: liar.proxyOf("sgp") },
    ],
    others: { serve: { upstreams: [registry.host], minFreeBytes: 0, answerWithin: 60, ...serve }, ...others },
  });
  return {
    liar,
    config,
    hold: () => {
      door = new Promise((resolve) => (letGo = resolve));
    },
    letGo: () => letGo(),
    asked: (end) =>
      liar.requests
        .filter(({ target }) => target.endsWith(end))
        .map(({ vantage, method }) => `${vantage} ${method}`)
        .sort(),
    stop: async () => {
      letGo();
      await liar.stop();
    },
  };
}

/** `fra GET`, `here GET`, `sgp GET`: each vantage once. */
export const ONCE = VANTAGES.map((vantage) => `${vantage} GET`);

export async function push(registry: Registry, name: string, layers: readonly number[]): Promise<Image> {
  const image = makeImage({ layers });
  await pushExactly(registry, name, "1", image);
  return image;
}

/** Waits until so many clients wait for flights that are called so, by the admin page. */
export async function untilWaiting(admin: string | null, what: string, count: number): Promise<void> {
  await until(`${count} clients wait for ${what}`, async () => {
    const page = await (await fetch(`${admin ?? ""}/`)).text();
    const rows = [...page.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = ""]) => row).filter((row) => row.includes(what));
    const waiting = rows.map((row) => Number(/<td>([0-9]+)<\/td>/.exec(row)?.[1] ?? 0));
    return waiting.reduce((sum, each) => sum + each, 0) === count ? true : undefined;
  });
}

/** Asks for an image as clients do: its manifest by tag, then all blobs at once. */
export async function pull(
  url: string,
  repository: string,
  { manifest, config, layers }: Image,
  got: (blob: Blob) => void,
): Promise<void> {
  const ask = async (path: string, blob: Blob): Promise<void> => {
    const answer = await answerOf(url, `/v2/${repository}/${path}`).catch(() => null);
    if (answer === null) return;
    if (answer.status === 200 && !blob.bytes.subarray(0, answer.body.length).equals(answer.body))
      throw new Error(`${repository}/${path}: other bytes than those of the registry`);
    if (answer.status === 200 && answer.isWhole) got(blob);
  };
  await ask("manifests/1", manifest);
  await Promise.all([config, ...layers].map((each) => ask(`blobs/${each.digest}`, each)));
}

/** A client that asks, and takes no byte of the answer until it is told to. */
export interface SlowReader {
  readonly socket: Socket;
  /** Everything that comes until the end of the connection. */
  readonly rest: () => Promise<Buffer>;
}

export async function readSlowly(url: string, path: string): Promise<SlowReader> {
  const { hostname, port, host } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  socket.on("error", () => undefined);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  const first = await new Promise<Buffer>((resolve) => socket.once("data", resolve));
  socket.pause();
  return {
    socket,
    rest: () =>
      new Promise((resolve) => {
        const chunks = [first];
        socket.on("data", (chunk: Buffer) => chunks.push(chunk));
        socket.once("close", () => resolve(Buffer.concat(chunks)));
        socket.resume();
      }),
  };
}
