import type { ServeConfig } from "../../config/serve.ts";
import type { GateVantages } from "../../coordinator/gate/ask.ts";
import { Tofu3Error } from "../../errors.ts";
import type { Refused, Ruling, Wish } from "../../model/gate.ts";
import { registryKey, type Repository } from "../../oci/reference.ts";
import type { Meters } from "../meters.ts";
import type { Store } from "../store/store.ts";
import { objectionBelow } from "./below.ts";
import type { Tower } from "./control.ts";
import { Flights } from "./flights.ts";
import type { Gate } from "./gate.ts";
import type { Landing } from "./landing.ts";
import { Lists } from "./lists.ts";
import { Memos } from "./memos.ts";
import { Names } from "./names.ts";
import { objectRuling } from "./objects.ts";
import { LATE, type Waiter } from "./patience.ts";
import { held, refused, verifying } from "./sentences.ts";
import { tagRuling } from "./tags.ts";

export interface GateParts {
  readonly config: ServeConfig;
  readonly store: Store;
  readonly vantages: GateVantages;
  readonly meters: Meters;
  readonly log: Tower["log"];
  readonly now: () => Date;
  /** The sentence of a refusal that `serve check` asked for; null for whatever it did not name. */
  readonly armed: (wish: Wish) => string | null;
}

/** The gate over these vantages and this store, which whoever opened them closes after it. */
export function createGate(parts: GateParts): Gate {
  const { config, store, now, armed } = parts;
  const ending = new AbortController();
  const tower: Tower = {
    ...parts,
    names: new Names(store),
    flights: new Flights<Landing>(config.limits.flights, now),
    memos: new Memos<Landing>(now),
    closed: new Memos<string>(now),
    ending: ending.signal,
  };
  const lists = new Lists(tower);
  let waiting = 0;

  const counted = async <T>(work: () => Promise<T>): Promise<T | Refused> => {
    if (waiting >= config.limits.waiting) return refused("busy", `${waiting} requests wait for a verdict already`);
    waiting += 1;
    try {
      return await work();
    } finally {
      waiting -= 1;
    }
  };
  const unlisted = (repository: Repository): Refused | null =>
    config.upstreams.has(registryKey(repository))
      ? null
      : refused("unlisted", `${registryKey(repository)} is not one of the upstreams of this gate (serve.upstreams)`);
  const waiterOf = (signal: AbortSignal): Waiter => ({
    signal,
    until: performance.now() + config.answerWithin * 1000,
  });

  return {
    rule: async (wish, method, signal) => {
      const sentence = armed(wish);
      if (sentence !== null) return refused("disagreed", sentence);
      return unlisted(wish) ?? counted(() => ruling(tower, wish, method, waiterOf(signal)));
    },
    tags: async (repository, signal) => unlisted(repository) ?? counted(() => lists.tags(repository, waiterOf(signal))),
    flights: () => tower.flights.views(),
    close: async () => {
      ending.abort(new Tofu3Error("E_INTERRUPTED", "the gate is being stopped"));
      await tower.flights.close();
    },
  };
}

async function ruling(at: Tower, wish: Wish, method: "GET" | "HEAD", waiter: Waiter): Promise<Ruling> {
  const found = "tag" in wish ? await tagRuling(at, wish, waiter) : await objectRuling(at, wish, waiter);
  if (found === LATE) return verifying(wish);
  // headers of a body that nobody has agreed on yet are for those who want the body
  if (found.kind === "withheld")
    return method === "GET"
      ? { ...found, verdict: found.verdict.then((verdict) => unlessHeld(at, wish, verdict)) }
      : verifying(wish);
  const landing = await unlessHeld(at, wish, found);
  if (landing.kind === "refused" || wish.kind === "blob" || method === "HEAD") return landing;
  return (await objectionBelow(at, wish, landing.object, waiter)) ?? landing;
}

/** Whichever way led to an object: while its digest is on hold, nobody is given it. */
async function unlessHeld({ store }: Tower, { registry, repository }: Repository, landing: Landing): Promise<Landing> {
  if (landing.kind === "refused") return landing;
  const { digest } = landing.object;
  const hold = await store.hold({ registry, repository }, digest);
  return hold === null ? landing : held({ registry, repository, kind: "manifest", digest }, hold);
}
