import { isDigest, type Digest } from "../oci/digest.ts";
import { normalizedProject } from "./releases.ts";

/** Where a publisher's platform says what the bytes of a file hash to. */
export interface Oracle {
  readonly kind: "github" | "pypi";
  readonly url: string;
  readonly accept: string;
  /** What the answer says of the file; null if nothing. Never throws. */
  readonly read: (body: Uint8Array) => Digest | null;
}

/** For a release asset of GitHub, and a file of the Python package index; null for any other URL. */
export function oracleOf(url: string): Oracle | null {
  return githubOracle(new URL(url)) ?? pypiOracle(new URL(url));
}

/** Releases have had a `digest` for each asset since 2025-06: "REST API endpoints for releases", get by tag name. */
function githubOracle({ hostname, pathname }: URL): Oracle | null {
  const [, owner, repo, tag, name] = /^\/([^/]+)\/([^/]+)\/releases\/download\/([^/]+)\/([^/]+)$/.exec(pathname) ?? [];
  if (hostname !== "github.com" || owner === undefined || tag === undefined || name === undefined) return null;
  return {
    kind: "github",
    url: `https://api.github.com/repos/${owner}/${repo ?? ""}/releases/tags/${tag}`,
    accept: "application/vnd.github+json",
    read: (body) => {
      const asset = listIn(body, "assets").find((each) => each["name"] === decoded(name));
      return isDigest(asset?.["digest"]) && asset["digest"].startsWith("sha256:") ? asset["digest"] : null;
    },
  };
}

/** PEP 691: the simple repository API as JSON; PEP 427 and PEP 625 for the project in a file's name. */
function pypiOracle({ hostname, pathname }: URL): Oracle | null {
  const name = decoded(pathname.split("/").at(-1) ?? "");
  const project = projectOf(name);
  if (hostname !== "files.pythonhosted.org" || project === null) return null;
  return {
    kind: "pypi",
    url: `https://pypi.org/simple/${project}/`,
    accept: "application/vnd.pypi.simple.v1+json",
    read: (body) => {
      const file = listIn(body, "files").find((each) => each["filename"] === name);
      const hashes = file?.["hashes"];
      const hex = isRecord(hashes) ? hashes["sha256"] : null;
      const digest = `sha256:${String(hex)}`;
      return isDigest(digest) ? digest : null;
    },
  };
}

/** Of `NAME-VERSION-….whl` and `NAME-VERSION.tar.gz`, normalised. PEP 503, "Normalized Names" */
function projectOf(name: string): string | null {
  const wheel = /^([A-Za-z0-9._]+)-[^-]+(?:-[^-]+)?-[^-]+-[^-]+-[^-]+\.whl$/.exec(name)?.[1];
  const source = /^([A-Za-z0-9][A-Za-z0-9._-]*)-[0-9][^-]*\.(?:tar\.gz|zip)$/.exec(name)?.[1];
  const project = wheel ?? source;
  return project === undefined ? null : normalizedProject(project);
}

/** The sha-256 of `Repr-Digest`; null without one. RFC 9530 §3, RFC 8941 §3.2 */
export function reprDigest(value: string): Digest | null {
  const [, base64] = /(?:^|,)[ \t]*sha-256=:([A-Za-z0-9+/]{43}=):[ \t]*(?:[,;]|$)/.exec(value) ?? [];
  const digest = `sha256:${Buffer.from(base64 ?? "", "base64").toString("hex")}`;
  return isDigest(digest) ? digest : null;
}

/** A signature that may stand beside a file, and the command that checks it. */
export interface Beside {
  readonly ending: string;
  readonly command: (name: string) => string;
}

export const BESIDE: readonly Beside[] = [
  { ending: ".asc", command: (name) => `gpg --verify ${name}.asc ${name}` },
  { ending: ".sig", command: (name) => `gpg --verify ${name}.sig ${name}` },
  { ending: ".minisig", command: (name) => `minisign -Vm ${name} -P PUBLIC_KEY` },
  ...[".sigstore", ".sigstore.json"].map((ending) => ({
    ending,
    command: (name: string) =>
      `cosign verify-blob --bundle ${name}${ending} --certificate-identity WHO --certificate-oidc-issuer ISSUER ${name}`,
  })),
];

type Fields = Readonly<Record<string, unknown>>;

function listIn(body: Uint8Array, key: string): readonly Fields[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(body).toString("utf8"));
    const list = isRecord(value) ? value[key] : null;
    return Array.isArray(list) ? list.filter(isRecord) : [];
  } catch {
    return [];
  }
}

function isRecord(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
