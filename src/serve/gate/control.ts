import { asError, isUsage } from "../../errors.ts";
import type { Refused, Wish } from "../../model/gate.ts";
import type { ServeConfig } from "../../config/serve.ts";
import type { GateAnswer, GateQuestion, GateVantages } from "../../coordinator/gate/ask.ts";
import type { Digest } from "../../oci/digest.ts";
import { registryKey, type Repository } from "../../oci/reference.ts";
import type { Meters } from "../meters.ts";
import type { Flight, Flights, Landings, Lane } from "./flights.ts";
import { keyOf, textOf } from "./keys.ts";
import type { Ground, Landing } from "./landing.ts";
import type { Memos } from "./memos.ts";
import { inTime, LATE, type Waiter } from "./patience.ts";
import { refused } from "./sentences.ts";

/** Everything that decisions rest on. */
export interface Tower extends Ground {
  readonly config: ServeConfig;
  readonly vantages: GateVantages;
  readonly flights: Flights<Landing>;
  /** What was answered lately, by key. */
  readonly memos: Memos<Landing>;
  /** Registries that want to be left alone, and why. */
  readonly closed: Memos<string>;
  readonly meters: Meters;
  /** Aborts when the gate ends. */
  readonly ending: AbortSignal;
}

/** Seconds for which an answer that is no agreement is not asked for again. */
const REMEMBERED: Partial<Record<Refused["why"], number>> = {
  absent: 60,
  incomplete: 5,
  broken: 5,
  full: 5,
  changed: 60,
  indistinct: 60,
  pending: 60,
  moved: 10,
  unfit: 60,
  impossible: 60,
};
const LEFT_ALONE_SECONDS = 60;

/** One flight for these keys, which lands for everybody: what it brings is remembered, counted and told. */
export function fly(
  tower: Tower,
  keys: readonly string[],
  what: string,
  lane: Lane,
  work: () => Promise<Landings<Landing>>,
): Flight<Landing> {
  const began = performance.now();
  return tower.flights.start(keys, what, lane, async () => {
    const landings = new Map(await work().catch((thrown: unknown) => broken(tower, keys, thrown)));
    for (const key of keys) {
      const landing = landings.get(key) ?? refused("broken", `nobody answered for ${what}`);
      landings.set(key, landing);
      const seconds = landing.kind === "refused" ? REMEMBERED[landing.why] : undefined;
      if (seconds !== undefined) tower.memos.keep(key, landing, seconds);
      const outcome = landing.kind === "granted" ? "agreed" : landing.why;
      tower.meters.verdict(outcome, (performance.now() - began) / 1000);
      const level = outcome === "disagreed" ? "error" : outcome === "agreed" ? "info" : "warn";
      const sentence = landing.kind === "granted" ? landing.notices : landing.sentence;
      tower.log(level, `${outcome}: ${key}`, { outcome, sentence, verdict: verdictOf(landing) });
    }
    return landings;
  });
}

function verdictOf(landing: Landing): string | null {
  return landing.kind === "granted" ? landing.object.verdict : landing.verdict;
}

/** A flight ends for everybody, whatever breaks. */
function broken(tower: Tower, keys: readonly string[], thrown: unknown): Landings<Landing> {
  const error = asError(tower.ending.aborted ? tower.ending.reason : thrown);
  const why = isUsage(error.code) ? "impossible" : error.code === "E_DISK" ? "full" : "broken";
  if (error.code === "E_BUG") tower.log("error", error.message, { trace: error.stack ?? null });
  return new Map(keys.map((key) => [key, refused(why, error.message)]));
}

/** Why no flight may begin for a client now; null if it may. */
export function hindrance(tower: Tower, repository: Repository, lane: Lane): Refused | null {
  if (tower.flights.isClosed) return refused("busy", "the gate is being stopped");
  const closed = tower.closed.find(registryKey(repository));
  if (closed !== null) return refused("busy", closed);
  const queued = tower.flights.queuedIn(lane);
  if (queued > tower.config.limits.queue) return refused("busy", `${queued} objects wait for the vantages already`);
  return null;
}

/** Documents are this large at most, unless the configuration says more, which the workers heed. */
export const DOCUMENT_BYTES = 4 << 20;

/** Makes room on the disk, asks, and heeds what the registry says of its rate limit. */
export async function askFor(
  tower: Tower,
  wish: Wish,
  wanted: GateQuestion["wanted"],
  { isNamed, bytes }: { readonly isNamed: boolean; readonly bytes: number },
): Promise<GateAnswer | Refused> {
  if (!(await tower.store.makeRoom(bytes)))
    return refused("full", `the store has no room for ${bytes} bytes more: see serve.maxBytes and serve.minFreeBytes`);
  const { registry, repository } = wish;
  const upstream = registryKey(wish);
  const question = { repository: { registry, repository }, wanted, isNamed, mayBePrivate: mayBePrivate(tower, wish) };
  const answer = await tower.vantages.ask(question, tower.ending);
  const { budget } = answer;
  if (budget !== null && budget.left <= 0)
    tower.closed.keep(
      upstream,
      `${upstream} allows ${budget.worker} no more requests for now, by its rate-limit headers`,
      LEFT_ALONE_SECONDS,
    );
  return answer;
}

export function mayBePrivate({ config }: Tower, repository: Repository): boolean {
  return config.upstreams.get(registryKey(repository))?.isPrivate ?? false;
}

/** Waits for one key of a flight, as long as the waiter does. */
export async function landingOf(flight: Flight<Landing>, wish: Wish, waiter: Waiter): Promise<Landing | typeof LATE> {
  flight.waiting += 1;
  try {
    const landings = await inTime(flight.landed, waiter);
    if (landings === LATE) return LATE;
    return landings.get(keyOf(wish)) ?? refused("broken", `nobody answered for ${textOf(wish)}`);
  } finally {
    flight.waiting -= 1;
  }
}

/** Does what needs these objects, or brings them, while none of them is evicted. */
export async function whileProtected<T>(
  { store }: Tower,
  digests: readonly Digest[],
  work: () => Promise<T>,
): Promise<T> {
  const release = store.protect(digests);
  try {
    return await work();
  } finally {
    release();
  }
}
