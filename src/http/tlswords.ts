import { X509Certificate } from "node:crypto";
import { Tofu3Error, visible } from "../errors.ts";

/** What is wrong with a server's certificate, or with its way of speaking TLS. */
export type TlsTrouble = "name" | "expired" | "early" | "self-signed" | "authority" | "revoked" | "plain" | "old";

/** What is known of the server that was refused. */
export interface Refused {
  /** As a key of `registries:` in the configuration: `ghcr.io`, `registry.lab:5000`. */
  readonly where: string;
  /** Its certificate, DER or PEM; null if it is not known. */
  readonly presented: string | Uint8Array | null;
  /** The configuration names an authority for it. */
  readonly ownAuthority: boolean;
}

const MOST_NAMES = 4;
const INTERCEPTED = "if not, somebody may be intercepting the connection";

/** E_TLS in the words of both engines, so that the same trouble reads alike at every worker. */
export function tlsTrouble(trouble: TlsTrouble, refused: Refused, cause?: unknown): Tofu3Error {
  const [what, hint] = wordsFor(trouble, refused, certificateOf(refused.presented));
  return new Tofu3Error("E_TLS", what, { stage: "tls", hint, cause });
}

/** E_TLS: the configuration says `plainHttp` of a server that speaks TLS. */
export function tlsInstead(where: string, cause: unknown): Tofu3Error {
  return new Tofu3Error("E_TLS", `"${visible(where, 200)}" speaks TLS, and the configuration asks for plain HTTP`, {
    stage: "tls",
    hint: `remove plainHttp from ${entryFor(where, "plainHttp: true")}; for an authority of your own write caFile: ./ca.pem in its place`,
    cause,
  });
}

function wordsFor(
  trouble: TlsTrouble,
  { where, ownAuthority }: Refused,
  certificate: X509Certificate | null,
): readonly [what: string, hint: string] {
  const server = `"${visible(where, 200)}"`;
  const of = `the certificate of ${server}`;
  const day = (date: string | undefined, word: string): string => {
    const at = new Date(date ?? NaN);
    // whoever made the certificate chose its dates, and not all that can be written are dates
    return Number.isNaN(at.getTime()) ? "" : ` (${word}${at.toISOString().slice(0, 10)})`;
  };
  switch (trouble) {
    case "name": {
      const names = namesOn(certificate);
      return [
        `${of} is for another name${names === null ? "" : `: ${names}`}`,
        "another server answers in its place, or the registry goes by another name",
      ];
    }
    case "expired":
      return [
        `${of} has expired${day(certificate?.validTo, "")}`,
        "check the clock of this worker; if it is right, only the operator of the registry can renew the certificate",
      ];
    case "early":
      return [`${of} is not valid yet${day(certificate?.validFrom, "from ")}`, "check the clock of this worker"];
    case "revoked":
      return [`${of} was revoked`, "do not use this registry until its operator says why"];
    case "self-signed":
    case "authority":
      return unknownAuthority(trouble, of, { where, ownAuthority }, certificate);
    case "plain":
      return [
        `${server} does not speak TLS: it answers as a server of plain HTTP does`,
        `only if the registry is yours, add to the configuration: ${entryFor(where, "plainHttp: true")}; if not, something on the way answers in its place`,
      ];
    case "old":
      return [`${server} offers only TLS versions that are no longer safe`, "the registry needs TLS 1.2 or later"];
  }
}

function unknownAuthority(
  trouble: "self-signed" | "authority",
  of: string,
  { where, ownAuthority }: Pick<Refused, "where" | "ownAuthority">,
  certificate: X509Certificate | null,
): readonly [what: string, hint: string] {
  const issuer = certificate === null ? "" : ` (${onOneLine(certificate.issuer)})`;
  const isOwn = trouble === "self-signed";
  if (ownAuthority)
    return [
      `${of} ${isOwn ? "is self-signed, and" : "is signed by an authority that is"} not in its caFile${issuer}`,
      `compare the caFile with what the registry's operator gives out; if it is right, somebody may be intercepting the connection`,
    ];
  return [
    `${of} is ${isOwn ? "self-signed" : "signed by an authority that this worker does not know"}${issuer}`,
    `if the registry is yours, add its authority to the configuration: ${entryFor(where, "caFile: ./ca.pem")}; ${INTERCEPTED}`,
  ];
}

/** A line of YAML to copy. */
function entryFor(where: string, entry: string): string {
  return `registries: { "${visible(where, 200)}": { ${entry} } }`;
}

/** The names that a certificate is for, as text; null if it says none. */
function namesOn(certificate: X509Certificate | null): string | null {
  if (certificate === null) return null;
  const alternatives = (certificate.subjectAltName ?? "")
    .split(", ")
    .filter((each) => /^(?:DNS|IP Address):/.test(each));
  const names = alternatives.map((each) => visible(each.slice(each.indexOf(":") + 1), 100));
  if (names.length === 0) return onOneLine(certificate.subject) || null;
  const more = names.length - MOST_NAMES;
  return more > 0 ? `${names.slice(0, MOST_NAMES).join(", ")} and ${more} more` : names.join(", ");
}

/** Node has one part of a name on each line, and nothing for a name without parts. */
function onOneLine(lines: string | undefined): string {
  return visible((lines ?? "").split("\n").join(", "), 200);
}

function certificateOf(encoded: string | Uint8Array | null): X509Certificate | null {
  if (encoded === null) return null;
  try {
    return new X509Certificate(encoded);
  } catch {
    return null;
  }
}
