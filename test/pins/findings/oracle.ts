import type { Answer, Examination } from "../../../src/model/audit.ts";
import type { FindingKind } from "../../../src/model/findingkind.ts";
import type { Mention } from "../../../src/model/mention.ts";

/**
 * The rules of docs/audit.md a second time, from their words and without their code: which kinds of findings one mention
 * has, once each.
 */
export function naiveKinds(mention: Mention, seen: Examination): ReadonlySet<FindingKind> {
  const said = new Set<FindingKind>();
  const { target, comment } = mention;
  if (target.kind === "unresolved") return said.add("unresolved");
  if (target.kind === "file" || target.kind === "listed") throw new Error("no world has files and lists");
  const isBottle = target.kind === "bottle";
  const reference: { tag?: string; digest?: string } = target.reference;
  const hasDigest = isBottle || reference.digest !== undefined;
  if (!hasDigest) said.add("unpinned");
  if (!hasDigest && (reference.tag === undefined || WORDS.test(reference.tag))) said.add("floating-tag");

  const claim = comment === null ? undefined : seen.claims.get(comment);
  const everything = [seen.tag, seen.pin, claim].filter((each) => each !== null && each !== undefined);
  const own = [seen.tag, seen.pin].filter((each) => each !== null);
  const [tag, pin, claimed] = [rootOf(seen.tag), rootOf(seen.pin), rootOf(claim ?? null)];

  if (everything.some((each) => each.outcome === "disagreed")) said.add("disagreed");
  if (everything.some(isMislabelled)) said.add("mislabelled");
  if (own.some((each) => each.outcome === "moved")) said.add("moved");
  if (own.some((each) => each.outcome === "absent" && partIsMissing(each))) said.add("hollow-index");
  if (!isBottle && seen.pin?.outcome === "absent" && !partIsMissing(seen.pin)) said.add("pin-gone");

  // the ledger
  const reason = seen.tag?.reason;
  const history = seen.tag?.outcome === "changed" && reason?.kind === "ledger" ? reason.history : seen.tag?.history;
  if (tag !== null && history !== null && history !== undefined) {
    const refused = reason?.kind === "ledger" && seen.tag?.outcome === "changed";
    const additions = history.changes.filter((each) => each.left === null).length;
    const onlyMore = additions > 0 && additions === history.changes.length && additions < 20;
    if (history.change === "moved" && onlyMore) said.add("grew");
    else if (refused || history.change === "moved" || history.change === "rolled-back")
      said.add("changed-since-ledger");
  }

  // the pin and its tag
  const pinnedIn = (root: NonNullable<typeof tag>): boolean =>
    root.digest === reference.digest ||
    root.digest === pin?.digest ||
    root.entries.some((each) => each.digest === reference.digest);
  const gained =
    tag?.kind === "index" &&
    pin?.kind === "index" &&
    tag.digest !== pin.digest &&
    pin.entries.every((old) => tag.entries.some((now) => now.digest === old.digest && now.platform === old.platform)) &&
    tag.entries.some((now) => !pin.entries.some((old) => now.digest === old.digest && now.platform === old.platform));
  if (gained) said.add("grew");
  if (!isBottle && reference.digest !== undefined && seen.tag !== null) {
    const tagIsNoMore = seen.tag.outcome === "absent" && !partIsMissing(seen.tag);
    // nothing is stale that is not there at all
    const pinIsNoMore = seen.pin?.outcome === "absent" && !partIsMissing(seen.pin);
    if (tagIsNoMore && !pinIsNoMore && pin !== null) said.add("stale-pin");
    if (!tagIsNoMore && !pinIsNoMore && tag !== null && !pinnedIn(tag) && !gained) said.add("stale-pin");
  }
  if (!isBottle && tag?.kind === "index" && pin?.kind === "manifest") said.add("platform-pin");

  // the comment
  if (!isBottle && comment !== null) {
    if (reference.tag !== undefined && reference.tag !== comment) said.add("tag-digest-comment");
    if (reference.tag === undefined && hasDigest && claimed !== null && !pinnedIn(claimed))
      said.add("tag-digest-comment");
  }

  // what is not known
  const unknown = (each: Answer): boolean =>
    (each.outcome === "incomplete" || each.outcome === "indistinct") && each.finding?.class !== "mislabelled";
  if (seen.notAsked !== null || everything.some(unknown) || claim?.outcome === "moved") said.add("unreachable");
  if (!hasDigest && seen.tag?.outcome === "absent" && !partIsMissing(seen.tag)) said.add("unreachable");

  // bottles
  if (target.kind === "bottle") {
    const { digest, tag: name } = target.bottle;
    const files = tag?.entries ?? [];
    const blob = seen.blobs.get(digest);
    if (blob === "false") said.add("disagreed");
    if (!files.some((each) => each.bottleDigest === digest)) {
      if (files.some((each) => each.bottle === name && each.bottleDigest !== null)) said.add("stale-pin");
      if (blob === "gone") said.add("pin-gone");
      if (blob === "unclear" || blob === undefined) said.add("unreachable");
    }
  }
  return said;
}

const WORDS =
  /^(?:latest|main|master|trunk|develop|dev|head|tip|edge|nightly|daily|weekly|canary|next|rolling|snapshot|testing|unstable|beta|alpha|rc|preview|stable|lts|current|release|mainline|prod|production|staging)(?:-\D*)?$/i;

function rootOf(answer: Answer | null): Answer["root"] {
  return answer !== null && /^(?:agreed|pending|changed|absent)$/.test(answer.outcome) ? answer.root : null;
}

function partIsMissing({ reason }: Answer): boolean {
  return reason !== null && reason.kind === "absence" && reason.root !== null;
}

function isMislabelled({ outcome, reason, finding }: Answer): boolean {
  return finding?.class === "mislabelled" || (outcome === "changed" && reason?.kind === "version");
}
