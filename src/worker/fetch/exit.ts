import { isLoopbackHost, isPublicAddress } from "../../http/address.ts";
import { exitAddress, type ExitAddress } from "../../model/exit.ts";
import type { Limits } from "../../model/job.ts";
import type { ExitNote } from "../../model/observation.ts";
import type { ExitPlan, Vantage } from "../vantage.ts";
import { openEchoes, type Echo } from "./echo.ts";

/** What the job itself found out. */
export interface JobEnd {
  /** `docker.io`, `ghcr.io`, `localhost:5000` */
  readonly registry: string;
  /** Addresses that the registry says it was asked from. */
  readonly callers: ReadonlySet<string>;
  /** It saw everything, so that the exit is worth asking for again. */
  readonly done: boolean;
}

/** Watches where the traffic of one job leaves for the world. */
export interface ExitWatch {
  /** Asks, beside whatever the job does; call it when the vantage is connected. */
  begin(): void;
  /** Asks again and puts together what everybody said. Never rejects; call it once, after the job's last exchange. */
  conclude(end: JobEnd): Promise<ExitNote>;
}

/** One source's word. The registry speaks all the time, an echo service before or after. */
export interface Claim {
  readonly source: string;
  readonly when: "before" | "during" | "after";
  readonly address: ExitAddress;
}

type Watched = Pick<Vantage, "link" | "registries" | "exits">;

/** Null if nobody wants to know. */
export function watchExit(vantage: Watched, limits: Limits, signal: AbortSignal): ExitWatch | null {
  const { exits } = vantage;
  if (exits == null) return null;
  const echoes = openEchoes(vantage, limits);
  const given = new AbortController();
  const limit = AbortSignal.any([signal, given.signal]);
  let before: Promise<readonly Echo[]> = Promise.resolve([]);
  let first: readonly Echo[] = [];
  return {
    begin: () => {
      before = echoes.ask(limit).then((all) => (first = all));
    },
    conclude: async (end) => {
      const second = end.done ? await Promise.all([before, echoes.ask(limit)]).then(([, all]) => all) : [];
      given.abort();
      await echoes.end();
      const registry = callersOf(end, vantage).map((address): Claim => {
        return { source: end.registry, when: "during", address };
      });
      const claims = [...registry, ...claimsOf(first, "before"), ...claimsOf(second, "after")];
      return exitOf(claims, end.done ? lacksOf([...first, ...second]) : "the job was not done", exits.placeOf);
    },
  };
}

/** Where one vantage leaves right now. Never rejects. */
export async function exitNow(vantage: Watched, limits: Limits, signal: AbortSignal): Promise<ExitNote | null> {
  if (vantage.exits == null) return null;
  const echoes = openEchoes(vantage, limits);
  const all = await echoes.ask(signal);
  await echoes.end();
  return exitOf(claimsOf(all, "during"), lacksOf(all), vantage.exits.placeOf);
}

/** A private address says nothing about the exit, unless the registry itself may be on a private network. */
function callersOf({ registry, callers }: JobEnd, { registries }: Watched): readonly ExitAddress[] {
  const { plainHttp, trust } = registries(registry);
  const near = plainHttp || trust !== null || isLoopbackHost(registry.replace(/:\d+$/, ""));
  const all = [...callers].map((each) => exitAddress(each)).filter((each) => each !== null);
  return all.filter(({ text }) => near || isPublicAddress(text));
}

function claimsOf(echoes: readonly Echo[], when: Claim["when"]): readonly Claim[] {
  return echoes.flatMap(({ host, address }) => (address === null ? [] : [{ source: host, when, address }]));
}

/** `ip.example told none (E_TIMEOUT)` */
function lacksOf(echoes: readonly Echo[]): string | null {
  const lacks = echoes.flatMap(({ host, fault }) => (fault === null ? [] : [`${host} told none (${fault})`]));
  if (lacks.length > 0) return [...new Set(lacks)].sort().join(", ");
  return echoes.length === 0 ? "no echo service is named" : null;
}

/**
 * One exit from all that was said: whoever spoke must agree, within each family of addresses, and somebody must have
 * spoken both before and after, or all the time. `lack`: why nobody may have spoken.
 */
export function exitOf(claims: readonly Claim[], lack: string | null, placeOf: ExitPlan["placeOf"]): ExitNote {
  const addresses = [...new Set(claims.map(({ address }) => address.text))].sort();
  const sources = [...new Set(claims.map(({ source }) => source))].sort();
  const doubt =
    contradictionIn(claims) ?? (isLasting(claims) ? null : `nobody told it: ${lack ?? "not before and after"}`);
  const places = doubt === null ? addresses.map(placeOf) : [];
  return { addresses, sources, country: only(places, "country"), asn: only(places, "asn"), doubt };
}

function contradictionIn(claims: readonly Claim[]): string | null {
  for (const claim of claims) {
    const { family, network } = claim.address;
    const other = claims.find(({ address }) => address.family === family && address.network !== network);
    if (other === undefined) continue;
    const [one, two] = [`${claim.source} ${claim.when}`, `${other.source} ${other.when}`];
    const what = claim.source === other.source ? "it changed during the job" : "the sources contradict each other";
    return `${what}: ${claim.address.text} (${one}), ${other.address.text} (${two})`;
  }
  return null;
}

/** Every family that was named was named all the time, or before and after. */
function isLasting(claims: readonly Claim[]): boolean {
  const families = new Set(claims.map(({ address }) => address.family));
  const lasts = (family: number): boolean => {
    const times = new Set(claims.filter(({ address }) => address.family === family).map(({ when }) => when));
    return times.has("during") || (times.has("before") && times.has("after"));
  };
  return families.size > 0 && [...families].every(lasts);
}

/** What all addresses have in common; null if they do not, or one is unknown. */
function only(places: readonly Pick<ExitNote, "country" | "asn">[], key: "country" | "asn"): string | null {
  const [first, ...others] = new Set(places.map((each) => each[key]));
  return others.length === 0 ? (first ?? null) : null;
}
