import type { Refused, Stored } from "../../model/gate.ts";
import type { Repository } from "../../oci/reference.ts";
import { hindrance, landingOf, type Tower } from "./control.ts";
import { blobKey, blobWish } from "./keys.ts";
import type { Landing } from "./landing.ts";
import { standing, startBelow } from "./objects.ts";
import type { Named } from "./outline.ts";
import { LATE, type Waiter } from "./patience.ts";
import { refused, verifying } from "./sentences.ts";

/** Blobs up to this size share a flight: each of its own would take longer to begin than to fetch. */
const SMALL = 4 << 20;
/** Of these, so many at most: where they do not all land, each is asked for by itself, one after the other. */
const TOGETHER = 128;

/**
 * What is below an agreed manifest: its blobs are asked for at once, and the manifest is refused where the verdict on
 * one of them is known in time and is no agreement, since clients tell their users what is said of a manifest, and
 * little of what is said of a blob. Null if nothing speaks against it.
 */
export async function objectionBelow(
  tower: Tower,
  repository: Repository,
  document: Stored,
  waiter: Waiter,
): Promise<Refused | null> {
  const outline = await tower.names.outline(repository, document);
  if (outline === null) return refused("broken", `${document.digest} is no longer in the store; ask again`);
  if (outline.leadsElsewhere)
    return refused("unfit", `${document.digest} sends clients to other addresses for its layers (urls)`);
  const missing: Named[] = [];
  for (const each of outline.blobs) {
    const landing = await standing(tower, blobWish(repository, each.digest));
    const objection = landing === null ? null : objectionOf(landing);
    if (objection !== null) return objection;
    if (landing === null) missing.push(each);
  }
  if (missing.length === 0) return null;
  const hindered = begin(tower, repository, document, missing);
  if (hindered !== null) return hindered;
  return worst(tower, repository, missing, waiter);
}

/** Absence is no objection: the manifest is what it is, and whoever asks for the blob is told. */
function objectionOf(landing: Landing): Refused | null {
  return landing.kind === "refused" && landing.why !== "absent" ? landing : null;
}

function begin(
  tower: Tower,
  repository: Repository,
  { digest: manifest }: Stored,
  missing: readonly Named[],
): Refused | null {
  const fresh = missing.filter(({ digest }) => tower.flights.find(blobKey(repository, digest)) === null);
  if (fresh.length === 0) return null;
  const hindered = hindrance(tower, repository, "blobs");
  if (hindered !== null) return hindered;
  for (const some of groupsOf(fresh)) {
    // the rest waits until somebody asks for it: others have something to ask for, too
    if (tower.flights.queuedIn("blobs") > tower.config.limits.queue / 2) break;
    startBelow(tower, repository, manifest, some);
  }
  return null;
}

/** What shares a flight: small ones together, each large one alone. */
function groupsOf(blobs: readonly Named[]): readonly (readonly Named[])[] {
  const isSmall = ({ size }: Named): boolean => (size ?? Infinity) <= SMALL;
  const small = blobs.filter(isSmall);
  const shared = Array.from({ length: Math.ceil(small.length / TOGETHER) }, (_, at) =>
    small.slice(at * TOGETHER, (at + 1) * TOGETHER),
  );
  return [...shared, ...blobs.filter((each) => !isSmall(each)).map((each) => [each])];
}

/** The first objection, as soon as it is known; whatever is late is no objection, unless everything is to be gated. */
async function worst(
  tower: Tower,
  repository: Repository,
  missing: readonly Named[],
  waiter: Waiter,
): Promise<Refused | null> {
  const patient = tower.config.gate === "everything" ? { ...waiter, until: null } : waiter;
  const answers = missing.map(async ({ digest }) => {
    const wish = blobWish(repository, digest);
    const flight = tower.flights.find(blobKey(repository, digest));
    // it landed between the two looks
    const landing = flight === null ? await standing(tower, wish) : await landingOf(flight, wish, patient);
    // nobody asks for it yet
    if (landing === null) return patient.until === null ? verifying(wish) : null;
    return landing === LATE ? null : objectionOf(landing);
  });
  return new Promise((resolve, reject) => {
    const told = answers.map((answer) => answer.then((objection) => objection !== null && resolve(objection)));
    Promise.all(told).then(() => resolve(null), reject);
  });
}
