import { release, type } from "node:os";
import type { WorkerConfig } from "../config/config.ts";
import { asError } from "../errors.ts";
import { authority, nameOfProxy, type Proxy } from "../http/proxy.ts";
import { watchTransport } from "../http/exchanges.ts";
import type { Link, Transport } from "../http/transport.ts";
import { refusalFromHere } from "../local/reach.ts";
import type { SshLink } from "../ssh/engine.ts";
import { signerOf } from "../receipt/sshsig.ts";
import type { Lack, VmFacts } from "../ssh/facts.ts";
import type { SshTransport } from "../ssh/transport.ts";
import { reachRegistry } from "../worker/fetch/reach.ts";
import { exitNow } from "../worker/fetch/exit.ts";
import type { ExitPlan, Vantage } from "../worker/vantage.ts";
import type { Probed } from "./check.ts";
import type { Runtime } from "./runtime.ts";
import { watchedLink } from "./watched.ts";

/** What to check of a worker: whether it reaches a registry, or at least its proxy. */
export interface Errand {
  readonly worker: WorkerConfig;
  /** Null: no registry was named, so none is asked. */
  readonly registry: string | null;
  readonly registries: Vantage["registries"];
  /** Null: nobody is asked where it leaves for the world. */
  readonly exits: ExitPlan | null;
  readonly runtime: Pick<Runtime, "config" | "now" | "exchange">;
}

async function registryLacks(
  transport: Transport,
  host: string,
  { registries, worker, runtime: { exchange } }: Errand,
  signal: AbortSignal,
): Promise<readonly Lack[]> {
  const watched = exchange === undefined ? transport : watchTransport(transport, worker.name, exchange);
  try {
    const status = await reachRegistry(registries, watched, host, signal);
    return status < 500
      ? []
      : [{ what: `${host} answers ${status} to it`, todo: "ask whoever runs the registry, or its proxy" }];
  } catch (thrown) {
    signal.throwIfAborted();
    const { message, hint } = asError(thrown);
    return [
      {
        what: `it does not reach ${host}: ${message}`,
        todo: hint ?? "check the network path from this worker to the registry",
      },
    ];
  }
}

/** A lack if nothing listens at the proxy; only a registry can tell whether the proxy lets requests through. */
function proxyLacks(proxy: Proxy, refusal: string | null): Lack[] {
  if (refusal === null) return [];
  const what = `its proxy ${nameOfProxy(proxy)} does not answer: ${refusal}`;
  return [{ what, todo: "start the proxy, or correct or remove the proxy: line of that worker" }];
}

/** Checks the way to the named registry, or else to the proxy: `refusalOf` says why it cannot be reached from there. */
async function wayLacks(
  transport: Transport,
  errand: Errand,
  refusalOf: (proxy: Proxy) => Promise<string | null>,
  signal: AbortSignal,
): Promise<readonly Lack[]> {
  const { proxy } = errand.worker;
  if (errand.registry !== null) return registryLacks(transport, errand.registry, errand, signal);
  return proxy === null ? [] : proxyLacks(proxy, await refusalOf(proxy));
}

/** What this machine is, and what it lacks. */
export async function probeLocal(link: Link, errand: Errand, signal: AbortSignal): Promise<Probed> {
  const transport = link.begin(errand.registry ?? "");
  const { connectSeconds } = errand.runtime.config.limits;
  const { tools, ...identity } = await transport.open(signal);
  const facts = { ...identity, os: `${type()} ${release()}`, curl: null, hashTool: tools.at(-1) ?? null };
  const refusalOf = ({ host, port }: Proxy): Promise<string | null> =>
    refusalFromHere(host, port, connectSeconds, signal);
  const lacks = await wayLacks(transport, errand, refusalOf, signal);
  await transport.end();
  const exit = await exitOf(link, errand, signal);
  return { facts, roundTripMs: null, clockOffsetMs: null, lacks, exit };
}

function exitOf(link: Link, errand: Errand, signal: AbortSignal): Promise<Probed["exit"]> {
  const { worker, runtime } = errand;
  return exitNow({ link: watchedLink(link, worker.name, runtime), ...errand }, runtime.config.limits, signal);
}

/** What a VM is, what it lacks, and whether it signs. Ignores how its shells end. */
export async function probeSsh(link: SshLink, errand: Errand, signal: AbortSignal): Promise<Probed> {
  const transport = link.begin(errand.registry ?? "", TRIAL);
  const { facts, ...probed } = await probeOver(transport, link, errand, signal).finally(() =>
    transport.end().catch(() => undefined),
  );
  const [receipt] = transport.receipts();
  const signer = receipt === undefined ? null : signerOf(receipt.text, receipt.signature);
  const isMute = facts.signer !== null && facts.hasFolder && signer === null;
  return { ...probed, facts, signer: signer?.id ?? null, ...(isMute ? { warnings: [MUTE] } : {}) };
}

/** What a VM signs to show that it can. */
const TRIAL = '{"check":true}';

const MUTE: Lack = {
  what: "it has a key ~/.ssh/tofu3_sign and signs nothing with it",
  todo: "on the VM, see what this says: ssh-keygen -Y sign -n tofu3 -f ~/.ssh/tofu3_sign </dev/null (OpenSSH 8.0, Ed25519, no passphrase)",
};

async function probeOver(
  transport: SshTransport,
  link: SshLink,
  errand: Errand,
  signal: AbortSignal,
): Promise<Probed & { readonly facts: VmFacts }> {
  const facts = await transport.probe(signal);
  if (!facts.hasFolder) return { facts, roundTripMs: null, clockOffsetMs: null, lacks: facts.lacks, exit: null };
  const { ms, clock } = await transport.ping(signal);
  // the VM reports whole seconds, so adding half a second minimises the error
  const offset = clock === null ? null : clock * 1000 + 500 - (errand.runtime.now().getTime() - ms / 2);
  const refusalOf = ({ host, port }: Proxy): Promise<string | null> =>
    transport.refusalOf(`http://${authority(host, port)}/`, signal);
  const works = facts.lacks.length === 0;
  const lacks = works ? await wayLacks(transport, errand, refusalOf, signal) : facts.lacks;
  return {
    facts,
    roundTripMs: Math.round(ms),
    clockOffsetMs: offset === null ? null : Math.abs(offset) <= 1000 ? 0 : Math.round(offset),
    lacks,
    exit: works ? await exitOf(link, errand, signal) : null,
  };
}
