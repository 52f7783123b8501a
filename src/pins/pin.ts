import { resolve } from "node:path";
import { Tofu3Error } from "../errors.ts";
import type { Examination } from "../model/audit.ts";
import type { Mention } from "../model/mention.ts";
import { formatReference, type Reference } from "../oci/reference.ts";
import { renderBuildkitPolicy } from "./buildkit.ts";
import { unifiedDiff } from "./diff.ts";
import { EMPTY_LOCK, lockName, withPins, type Pin } from "./lock.ts";
import { readLock, rewriteLock } from "./lockfile.ts";
import { movesBetween } from "./moves.ts";
import { agreementKey, planPins, type FilePlan, type PinChange } from "./plan.ts";
import { rewriteWhole, type Rewrite } from "./rewrite.ts";
import { readSmallText } from "../smallfile.ts";
import type { Tree } from "./tree.ts";

const MOST_POLICY = 16 * 1024 * 1024;

export interface PinRequest {
  readonly tree: Tree;
  /** By `formatReference`. */
  readonly examinations: ReadonlyMap<string, Examination>;
  readonly update: boolean;
  /** Absolute. */
  readonly cwd: string;
  /** Absolute. */
  readonly lock: string;
  /** Absolute; null for none. */
  readonly buildkitPolicy: string | null;
  /** When the workers agreed, ISO 8601 UTC. */
  readonly at: string;
  readonly workers: readonly string[];
}

/** A pin that is written, and what is different behind it. */
export interface Moved extends PinChange {
  /** In words; empty for a new pin. */
  readonly changes: readonly string[];
}

export interface Prepared {
  readonly plans: readonly (Omit<FilePlan, "changes"> & { readonly changes: readonly Moved[] })[];
  /** What is to be written: the files, then the lock and the policy, where they change. */
  readonly rewrites: readonly Rewrite[];
  /** The files' part as a unified diff, byte for byte. */
  readonly diff: string;
}

/** What pinning comes to; writes nothing. Throws E_USAGE for a lock that cannot be read, unless there is an alarm. */
export async function preparePins(request: PinRequest): Promise<Prepared> {
  const { tree, update, cwd } = request;
  const answers = answersIn(tree.mentions, request.examinations);
  // a tag that moves while it is looked at, and workers that differ: no time to write anything
  const alarm = [...request.examinations.values()].some(isAlarm);
  const agreed = new Map(
    [...answers].flatMap(([key, { tag }]) => {
      const digest = tag?.outcome === "agreed" ? tag.root?.digest : undefined;
      return digest === undefined ? [] : [[key, digest] as const];
    }),
  );
  const plans = planPins(tree.mentions, { agreed, update, alarm });
  const files = plans.flatMap(({ file, edits }): Rewrite[] => {
    if (edits.length === 0) return [];
    const text = tree.texts.get(file);
    if (text === undefined) throw new Tofu3Error("E_BUG", "a file to pin without its text");
    return [{ path: resolve(cwd, file), text, edits }];
  });
  const diff = plans.map(({ file, edits }) => unifiedDiff(file, tree.texts.get(file) ?? "", edits)).join("");
  const records = alarm ? [] : await recordsOf(plans, request);
  const moved = plans.map((plan) => {
    return { ...plan, changes: plan.changes.map((change) => ({ ...change, changes: behind(change, request) })) };
  });
  return { plans: moved, rewrites: [...files, ...records], diff };
}

function isAlarm({ tag, pin, claims }: Examination): boolean {
  return [tag, pin, ...claims.values()].some((each) => each?.outcome === "disagreed" || each?.outcome === "moved");
}

/** What each tag leads to, by `agreementKey`; a reference without a tag and one with `latest` are asked alike. */
function answersIn(
  mentions: readonly Mention[],
  examinations: ReadonlyMap<string, Examination>,
): ReadonlyMap<string, Examination> {
  return new Map(
    mentions.flatMap(({ target }) => {
      if (target.kind !== "reference") return [];
      const found = examinations.get(formatReference(target.reference));
      return found === undefined ? [] : [[agreementKey(target.reference), found] as const];
    }),
  );
}

function behind({ from, reference, to }: PinChange, { examinations }: PinRequest): readonly string[] {
  if (from === null) return [];
  const found = examinations.get(`${reference}@${from}`);
  const now = found?.tag?.root;
  return now?.digest === to ? movesBetween(found?.pin?.root ?? null, now) : [];
}

/** The lock and the policy, as they will be. */
async function recordsOf(
  plans: readonly FilePlan[],
  { tree, lock: path, buildkitPolicy, at, workers }: PinRequest,
): Promise<readonly Rewrite[]> {
  const before = await readLock(path);
  const fresh = new Map<string, Pin>();
  const named = referencesIn(tree.mentions);
  for (const { reference, to } of plans.flatMap(({ changes }) => changes)) {
    const parsed = named.get(reference);
    if (parsed === undefined) throw new Tofu3Error("E_BUG", "a pin without its reference");
    const name = lockName(parsed);
    fresh.set(name, { reference: name, digest: to, at, workers });
  }
  const pins = [...fresh.values()];
  const lock = withPins(before?.lock ?? EMPTY_LOCK, pins);
  const written = pins.length === 0 ? null : rewriteLock(path, before, pins);
  if (buildkitPolicy === null) return written === null ? [] : [written];
  const policy = rewriteWhole(buildkitPolicy, await readWhole(buildkitPolicy), renderBuildkitPolicy(lock));
  return [written, policy].filter((each) => each !== null);
}

async function readWhole(path: string): Promise<string | null> {
  return readSmallText(path, { what: "the policy", code: "E_USAGE", limit: MOST_POLICY });
}

function referencesIn(mentions: readonly Mention[]): ReadonlyMap<string, Reference> {
  return new Map(
    mentions.flatMap(({ target }) =>
      target.kind === "reference" ? [[agreementKey(target.reference), target.reference] as const] : [],
    ),
  );
}
