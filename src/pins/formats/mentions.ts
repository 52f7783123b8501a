import { Tofu3Error } from "../../errors.ts";
import { parseFileUrl } from "../../file/url.ts";
import { isGit } from "../../model/listed.ts";
import type { Mention, Pinning, Source, Target } from "../../model/mention.ts";
import { isDigest } from "../../oci/digest.ts";
import { parseReference, withoutSecrets } from "../../oci/reference.ts";
import type { Lines } from "../text.ts";
import { remarksAt, type Claimed, type Marker } from "./remarks.ts";

/** A reference's own text in a file, in offsets. */
export interface Spot {
  readonly start: number;
  readonly end: number;
  /** What it says, variables filled in. */
  readonly text: string;
}

/** What is found in the text of a Dockerfile. */
export interface Sighting {
  readonly spot: Spot;
  readonly pinning: Pinning;
  /** Why it cannot be known; null if it can. */
  readonly why: string | null;
  /** What it names, where that is no reference to a registry. */
  readonly target?: Target;
}

/** Where mentions are made. */
export interface Page {
  readonly source: Source;
  readonly file: string;
  readonly lines: Lines;
  readonly marker: Marker;
}

/** A mention of what the text at the spot names; without a `pinning`, its digest is written at the spot. */
export function mentionAt(page: Page, spot: Spot, pinning?: Pinning): Mention {
  return mentionOf(page, spot, targetOf(spot.text), pinning ?? pinningAt(spot));
}

/** A file has more references than are kept of a whole tree. */
export class TooMany extends Error {}

const MOST_IN_FILE = 100_000;
const COUNTS = new WeakMap<Lines, number>();

export function mentionOf(page: Page, spot: Spot, target: Target, pinning: Pinning): Mention {
  const count = (COUNTS.get(page.lines) ?? 0) + 1;
  COUNTS.set(page.lines, count);
  if (count > MOST_IN_FILE) throw new TooMany();
  return {
    source: page.source,
    place: page.lines.place(page.file, spot.start, spot.end),
    text: spot.text,
    target,
    ...remarksAt(page.lines, spot.start, claimedBy(target), page.marker),
    pinning: target.kind === "unresolved" ? byHand(target.why) : pinning,
  };
}

/** What a comment may claim a tag of. */
export function claimedBy(target: Target): Claimed {
  if (target.kind === "reference") return target.reference;
  return target.kind === "listed" && isGit(target.listed) ? "git" : null;
}

/** What a text names; unresolved, with the reason, if it is no reference. */
export function targetOf(text: string): Target {
  try {
    return { kind: "reference", reference: parseReference(text) };
  } catch (error) {
    if (!(error instanceof Tofu3Error)) throw error;
    return unresolved(error.message.replace(`not a reference: "${withoutSecrets(text)}": `, ""));
  }
}

/** What is left of a URL in everything that is told: its query may be a secret. */
export function shownUrl(url: string): string {
  const end = url.search(/[?#]/);
  return withoutSecrets(end === -1 ? url : url.slice(0, end));
}

/** A mention of the file at this URL, which has to match the checksum. The checksum is its own pin. */
export function fileMention(
  page: Page,
  spot: Omit<Spot, "text">,
  { url, checksum }: { readonly url: string; readonly checksum: string },
): Mention {
  return mentionOf(page, { ...spot, text: shownUrl(url) }, fileTargetOf(url, checksum), byHand(OWN_PIN));
}

export const OWN_PIN = "its checksum is its pin";
export const NO_DIGEST = "its checksum is no sha256 of 64 hex digits";

/** The file at a URL that has to match `sha256:HEX`; unresolved, with the reason, if it is no URL that is asked. */
export function fileTargetOf(url: string, checksum: string): Target {
  const hash = url.indexOf("#");
  const pin = checksum.toLowerCase();
  if (!isDigest(pin) || !pin.startsWith("sha256:")) return unresolved(NO_DIGEST);
  try {
    const { url: requested, shown } = parseFileUrl(hash === -1 ? url : url.slice(0, hash));
    return { kind: "file", file: { url: shown, pin }, url: requested };
  } catch (error) {
    if (!(error instanceof Tofu3Error)) throw error;
    return unresolved(error.message.slice(error.message.lastIndexOf('": ') + 3));
  }
}

export function unresolved(why: string): Target & { readonly kind: "unresolved" } {
  return { kind: "unresolved", why };
}

export function byHand(why: string): Pinning {
  return { kind: "by-hand", why };
}

/** Replaces the digest of a reference that stands there as it is, or adds one, and the tag that it is of. */
export function pinningAt({ start, end, text }: Spot): Pinning {
  const at = text.indexOf("@");
  const edit =
    at === -1
      ? { start: end, end, before: hasTag(text) ? "@" : ":latest@", after: "" }
      : { start: start + at + 1, end, before: "", after: "" };
  return { kind: "edits", edits: [edit] };
}

/** A colon before the last slash is a port's. */
function hasTag(name: string): boolean {
  return name.includes(":", name.lastIndexOf("/") + 1);
}

/** The same place found twice is one mention: the first. */
export function distinctPlaces(mentions: readonly Mention[]): readonly Mention[] {
  const places = new Map<string, Mention>();
  for (const mention of mentions) {
    const { line, column, endLine, endColumn } = mention.place;
    const key = `${line}:${column}:${endLine}:${endColumn}`;
    if (!places.has(key)) places.set(key, mention);
  }
  return [...places.values()];
}
