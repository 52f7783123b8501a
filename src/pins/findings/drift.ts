import type { AgreedRoot, Answer, RootEntry } from "../../model/audit.ts";
import type { History } from "../../model/history.ts";
import type { Digest } from "../../oci/digest.ts";
import { isChild, isGone, settled, tagName, type Case, type Rule } from "./case.ts";

/** From as many on, the ledger's list of changes may be cut. */
const MOST_CHANGES = 20;
const MOST_NAMED = 5;

/** Where the tag leads elsewhere than at the ledger's last agreement. */
export const changedSinceLedger: Rule = ({ examination }) => {
  const root = settled(examination.tag);
  const history = changeOf(examination.tag);
  if (root === null || history === null || isGrowth(history)) return [];
  const { last, at, change } = history;
  const day = at === null ? "" : ` of ${at.slice(0, 10)}`;
  const before = last === null ? "another one" : last;
  const how =
    change === "rolled-back"
      ? `went back to ${root.digest}, which it led to before the last agreement${day}, ${before}`
      : `leads to ${root.digest}, and the ledger's last agreement${day} is ${before}`;
  return [
    {
      kind: "changed-since-ledger",
      message: `${tagName(examination)} ${how}`,
      next: "ask the publisher what changed; to accept it, verify the tag once with the new digest behind it",
      digest: root.digest,
    },
  ];
};

/** The past of a tag that leads elsewhere now; null where it does not, or nothing is known. */
function changeOf(tag: Answer | null): History | null {
  if (tag === null) return null;
  if (tag.outcome === "changed" && tag.reason?.kind === "ledger") return tag.reason.history;
  const change = tag.history?.change;
  return change === "moved" || change === "rolled-back" ? tag.history : null;
}

/** Everything that was there still is, and something came. An older digest is never growth. */
function isGrowth({ change, changes }: History): boolean {
  return (
    change === "moved" &&
    changes.length > 0 &&
    changes.length < MOST_CHANGES &&
    changes.every((each) => each.left === null)
  );
}

/** Entries were added to the tag's index, and those that were there are as they were. */
export const grew: Rule = ({ examination }) => {
  const root = settled(examination.tag);
  if (root === null) return [];
  const history = changeOf(examination.tag);
  const since = history !== null && isGrowth(history) ? history.changes.map(({ what }) => what) : null;
  const past = addedTo(settled(examination.pin), root);
  const said = (what: string, added: readonly string[]): ReturnType<Rule>[number] => ({
    kind: "grew",
    message: `${tagName(examination)} has everything that ${what} has, unchanged, and more: ${namesOf(added)}`,
    next: null,
    digest: root.digest,
  });
  return [
    ...(since === null ? [] : [said("the ledger's last agreement", since)]),
    ...(past === null
      ? []
      : [
          said(
            "the pin",
            past.map(({ platform, digest }) => platform ?? digest),
          ),
        ]),
  ];
};

/** The entries that the tag's index has besides every one of the pinned; null if it is anything but that. */
function addedTo(pinned: AgreedRoot | null, now: AgreedRoot): readonly RootEntry[] | null {
  if (pinned?.kind !== "index" || now.kind !== "index" || pinned.digest === now.digest) return null;
  const keyOf = ({ platform, digest }: RootEntry): string => JSON.stringify([platform, digest]);
  const before = new Set(pinned.entries.map(keyOf));
  const after = new Set(now.entries.map(keyOf));
  const added = now.entries.filter((entry) => !before.has(keyOf(entry)));
  return added.length > 0 && [...before].every((key) => after.has(key)) ? added : null;
}

function namesOf(added: readonly string[]): string {
  const names = [...new Set(added)];
  const more = names.length - MOST_NAMED;
  return names.slice(0, MOST_NAMED).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** The tag leads past the pin, or is no more. */
export const stalePin: Rule = (each) => {
  const { target, examination } = each;
  if (target.kind === "bottle") return rebuilt(each);
  const pin = target.reference.digest;
  if (pin === undefined || examination.tag === null) return [];
  if (examination.pin !== null && isGone(examination.pin)) return [];
  const pinned = settled(examination.pin);
  if (isGone(examination.tag)) {
    if (pinned === null) return [];
    const message = `${tagName(examination)} no longer exists, and the digest does`;
    const next = "the pin is still good; look for the tag that has taken its place";
    return [{ kind: "stale-pin", message, next, digest: pinned.digest }];
  }
  const root = settled(examination.tag);
  if (root === null || leadsTo(root, pin, examination.pin) || isChild(pin, root)) return [];
  if (addedTo(pinned, root) !== null) return [];
  return [
    {
      kind: "stale-pin",
      message: `${tagName(examination)} leads to ${root.digest} now, and not to the pin`,
      next: "the pin is what you get: move it when the publisher says what has changed",
      digest: root.digest,
    },
  ];
};

/** Whether it is the pin, which may be by another algorithm than the root's own digest. */
function leadsTo(root: AgreedRoot, pin: Digest, answer: Answer | null): boolean {
  return root.digest === pin || settled(answer)?.digest === root.digest;
}

function rebuilt({ target, examination }: Case): ReturnType<Rule> {
  const root = settled(examination.tag);
  if (target.kind !== "bottle" || root === null) return [];
  const { tag, digest } = target.bottle;
  if (root.entries.some((entry) => entry.bottleDigest === digest)) return [];
  const now = root.entries.find((entry) => entry.bottle === tag && entry.bottleDigest !== null)?.bottleDigest ?? null;
  if (now === null) return [];
  const message = `the bottle ${tag} was built anew: its index names ${now} now, and not ${digest}`;
  return [{ kind: "stale-pin", message, next: "take the formula as it is now, which has the new sha256", digest: now }];
}

/** The pin is one manifest, and the tag an index of several. */
export const platformPin: Rule = ({ target, examination }) => {
  const [root, pinned] = [settled(examination.tag), settled(examination.pin)];
  if (target.kind === "bottle" || root?.kind !== "index" || pinned?.kind !== "manifest") return [];
  const entry = root.entries.find(({ digest }) => digest === pinned.digest);
  const what =
    entry === undefined
      ? "a single manifest"
      : entry.platform === null
        ? "one of its manifests"
        : `its manifest for ${entry.platform}`;
  return [
    {
      kind: "platform-pin",
      message: `${tagName(examination)} is an index of ${root.entries.length} entries, and the pin is ${what}: on other platforms it fails, or runs by emulation`,
      next: `pin the index ${root.digest}, unless one platform is what you mean`,
      digest: root.digest,
    },
  ];
};
