import { within } from "../../http/deadline.ts";
import type { Shelf } from "../../release/shelve.ts";
import { claimedAt } from "../../worker/walk/claimed.ts";
import { checkKeeper } from "../request.ts";
import type { Runtime } from "../runtime.ts";
import { openAnonymousVantages, openLastingVantages } from "../vantages.ts";
import { answer, type Surroundings } from "./answer.ts";
import type { GateVantages } from "./ask.ts";
import { inShort, tagJob } from "./job.ts";
import { reachEach } from "./reach.ts";
import { tagsOfAll } from "./tags.ts";

export interface GatePlace {
  /** Absolute: quarantines are made in it. */
  readonly folder: string;
  /** On the file system of `folder`. */
  readonly shelf: Shelf;
  /** Whether the registries are asked with this user's credentials and client certificates. */
  readonly withCredentials: boolean;
}

/**
 * Opens the vantages once, for any number of questions. Connections to the VMs start at once, and again whenever they
 * were lost; a failure surfaces in the next question. `signal` is that of the whole process. Throws E_CONFIG, E_USAGE
 * and E_CREDENTIALS.
 */
export async function createGateVantages(
  runtime: Runtime,
  { folder, shelf, withCredentials }: GatePlace,
  signal: AbortSignal,
): Promise<GateVantages> {
  checkKeeper(runtime);
  const open = withCredentials ? openLastingVantages : openAnonymousVantages;
  const { vantages, close } = await open(runtime, signal);
  const around: Surroundings = { vantages, runtime, folder, shelf };
  const { limits } = runtime.config;
  // each question has a signal of its own: what listens to it goes with it
  return {
    ask: (asked, each) => within(null, [each], (limit) => answer(asked, around, limit)),
    stillNames: (repository, tag, digest, mayBePrivate, each) =>
      within(null, [each], async (limit) => {
        const job = tagJob(repository, tag, mayBePrivate, limits);
        const claimed = await Promise.all(vantages.map((vantage) => claimedAt(vantage, job, limit)));
        return claimed.every((name) => name === digest);
      }),
    tags: (repository, mayBePrivate, each) =>
      within(null, [each], (limit) =>
        tagsOfAll(vantages, repository, { limits: inShort(limits), publicOnly: !mayBePrivate }, limit),
      ),
    reach: (each) => within(null, [each], (limit) => reachEach(vantages, limits.connectSeconds, limit)),
    close,
  };
}
