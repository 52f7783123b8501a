import { Tofu3Error, visible } from "../../errors.ts";
import type { Selection } from "../../model/job.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { digestOf, algorithmOf } from "../../oci/digest.ts";
import { bottleOf } from "../../oci/homebrew.ts";
import type { ImageManifest, Index } from "../../oci/manifest.ts";
import { DOCKER_CONFIG, OCI_CONFIG, kindOfMediaType } from "../../oci/mediatype.ts";
import { describePlatform, matchesOsVersion, matchesPlatform, normalisePlatform } from "../../oci/platform.ts";
import type { Platform } from "../../oci/platform.ts";
import { describeChoices, selectPlatforms } from "../../oci/select.ts";
import type { Schema1Manifest } from "../../oci/schema1.ts";
import type { Fetched } from "../fetch/blob.ts";
import { readPage } from "../fetch/exchange.ts";
import type { Served } from "../fetch/exchange.ts";
import { mismatch, overlong } from "../fetch/mismatch.ts";
import { noteUnexpected } from "../fetch/notebook.ts";
import { apiUrl } from "../fetch/registry.ts";
import type { Session } from "../fetch/session.ts";

export interface Entry {
  readonly descriptor: Descriptor;
  readonly position: number;
  /** False: a nested index without a platform, to be searched further. */
  readonly matches: boolean;
}

const MOST_CHOICES = 60;

/** Every entry that matches, and the nested indexes that may hold more. */
export function selectEntries(index: Index, selection: Selection): Entry[] {
  const chosen = new Set(selectPlatforms(index, selection));
  return index.manifests.flatMap((descriptor, position) => {
    if (chosen.has(descriptor)) return { descriptor, position, matches: true };
    const nested = kindOfMediaType(descriptor.mediaType) === "index" && descriptor.platform === null;
    return nested ? { descriptor, position, matches: false } : [];
  });
}

/** E_SELECTION, with the choices. */
export function nothingMatches(session: Session, selection: Selection, index: Index): Tofu3Error {
  const choices = describeChoices(index);
  const more = choices.length > MOST_CHOICES ? [`and ${choices.length - MOST_CHOICES} more`] : [];
  const empty = choices.length === 0 ? "; it is empty" : "";
  return new Tofu3Error("E_SELECTION", `nothing in ${nameOf(session)} matches ${describe(selection)}${empty}`, {
    hint: "choose with --platform, --os-version or --bottle from what it has",
    choices: [...choices.slice(0, MOST_CHOICES), ...more],
  });
}

/**
 * A single image matches every selection, unless its config names another platform or os.version, or it is not the
 * requested bottle: E_SELECTION. A config that is not an image config, or is unreadable, says nothing. Costs one more
 * exchange; none for schema 1, which has the platform itself. Returns the config if its bytes do not match; null
 * otherwise.
 */
export async function checkImagePlatform(
  session: Session,
  selection: Selection,
  manifest: ImageManifest | Schema1Manifest,
  signal: AbortSignal,
): Promise<Fetched | null> {
  const { platform, osVersion, bottle } = selection;
  if (bottle !== null && bottleOf(manifest)?.tag !== bottle) throw notThisImage(session, selection, "");
  if (platform === null && osVersion === null) return null;
  const config =
    manifest.kind === "schema1" ? platformOfSchema1(manifest) : await readPlatform(session, manifest, signal);
  if (config === null || "error" in config) return config;
  if (
    (platform === null || matchesPlatform(config, platform)) &&
    (osVersion === null || matchesOsVersion(config, osVersion))
  )
    return null;
  throw notThisImage(session, selection, ` for ${visible(describePlatform(config), 100)}`);
}

function notThisImage(session: Session, selection: Selection, what: string): Tofu3Error {
  return new Tofu3Error("E_SELECTION", `${nameOf(session)} is a single image${what}, not for ${describe(selection)}`, {
    hint: "leave out --platform, --os-version and --bottle to verify this image",
  });
}

/** Taken from the v1 image of the top layer. */
function platformOfSchema1(manifest: Schema1Manifest): Platform | null {
  const [top] = manifest.history;
  return top === undefined ? null : platformOf(Buffer.from(top.v1Compatibility));
}

async function readPlatform(
  session: Session,
  { config }: ImageManifest,
  signal: AbortSignal,
): Promise<Platform | Fetched | null> {
  const isImage = config.mediaType === OCI_CONFIG || config.mediaType === DOCKER_CONFIG;
  if (!isImage || (config.size ?? 0) > session.limits.manifestBytes) return null;
  const ask = {
    url: apiUrl(session.registry, `blobs/${config.digest}`),
    headers: [["accept", "*/*"]] as const,
    maxBytes: Math.min(config.size ?? Infinity, session.limits.manifestBytes),
  };
  const what = `config ${config.digest} of ${nameOf(session)}`;
  let page: Served;
  try {
    page = await readPage(session, ask, what, signal);
  } catch (thrown) {
    const error = overlong(what, config, thrown, session.limits.manifestBytes);
    if (error === null) throw thrown;
    return { computed: null, size: config.size ?? 0, error };
  }
  const { body, url } = page;
  const seen = { computed: digestOf(body, algorithmOf(config.digest)), size: body.length };
  if (seen.computed === config.digest) return platformOf(body);
  noteUnexpected(session.book, url, page, body, session.authority.pass.header);
  return { ...seen, error: mismatch(what, config, seen) };
}

function platformOf(bytes: Uint8Array): Platform | null {
  try {
    const fields: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const [os, architecture, variant, osVersion] = ["os", "architecture", "variant", "os.version"].map((name) =>
      textAt(fields, name),
    );
    if (os === null || os === undefined || architecture === null || architecture === undefined) return null;
    return normalisePlatform(os, architecture, variant ?? null, osVersion ?? null);
  } catch {
    return null;
  }
}

function textAt(fields: unknown, name: string): string | null {
  const value = typeof fields === "object" && fields !== null ? (fields as Record<string, unknown>)[name] : null;
  return typeof value === "string" && value !== "" ? value : null;
}

function describe({ platform, osVersion, bottle }: Selection): string {
  const parts = [
    platform === null ? null : `--platform ${describePlatform(platform)}`,
    osVersion === null ? null : `--os-version ${JSON.stringify(osVersion)}`,
    bottle === null ? null : `--bottle ${JSON.stringify(bottle)}`,
  ];
  return visible(parts.filter((part) => part !== null).join(" "), 300);
}

function nameOf(session: Session): string {
  return `${session.registry.name}/${session.registry.repository}`;
}
