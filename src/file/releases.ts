import { Tofu3Error } from "../errors.ts";
import type { Digest } from "../oci/digest.ts";
import { isDigest } from "../oci/digest.ts";

type Fields = Readonly<Record<string, unknown>>;

/**
 * The files of a Python project, names by the sha256 of their bytes. PEP 691, "Project Detail". Throws E_NOT_CONTENT.
 */
export function parseReleases(bytes: Uint8Array): ReadonlyMap<Digest, string> {
  const releases = new Map<Digest, string>();
  for (const { filename, hashes } of filesIn(bytes)) {
    const digest = `sha256:${String(isRecord(hashes) ? hashes["sha256"] : "")}`;
    if (typeof filename === "string" && isDigest(digest)) releases.set(digest, filename);
  }
  return releases;
}

function filesIn(bytes: Uint8Array): readonly Fields[] {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    if (isRecord(value) && Array.isArray(value["files"])) return value["files"].filter(isRecord);
  } catch {
    // said below
  }
  throw new Tofu3Error("E_NOT_CONTENT", "what came is no list of releases: it is not the JSON of PEP 691", {
    stage: "body",
    hint: "an index that has only HTML (PEP 503) cannot be asked",
  });
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** PEP 503, "Normalized Names" */
export function normalizedProject(name: string): string {
  return name.replace(/[-_.]+/g, "-").toLowerCase();
}
