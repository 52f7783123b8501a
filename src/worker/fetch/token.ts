import { Tofu3Error, visible } from "../../errors.ts";
import type { Challenge } from "../../oci/challenge.ts";
import type { Credentials } from "../../model/credentials.ts";
import { Secret } from "../../secret.ts";
import type { Page, Query } from "../../http/transport.ts";
import { noteAnswer, noteUnexpected, plainUrl } from "./notebook.ts";
import { isRedirect } from "./redirect.ts";
import { wordsOf } from "./refusal.ts";
import { needsPublicAddress, trustOf } from "./registry.ts";
import type { Registry } from "./registry.ts";
import { Busy, BUSY_STATUSES } from "./retry.ts";
import type { Session } from "./session.ts";

export interface Token {
  readonly value: Secret;
  /** Seconds that it lives from now. */
  readonly life: number;
}

const LONGEST_ANSWER = 128 * 1024;
const LONGEST_TOKEN = 64 * 1024;
const DEFAULT_LIFE = 60;
const SHORTEST_LIFE = 10;
const LONGEST_LIFE = 24 * 3600;
const NOTHING = new Uint8Array();

/**
 * What every token is asked for, whatever scope the challenge names: ghcr names a placeholder, others `*`, a hostile
 * one another repository.
 */
export function scopeOf(registry: Registry): string {
  return `repository:${registry.repository}:pull`;
}

/** Authorization header of HTTP Basic, RFC 7617. */
export function basicHeader(credentials: { readonly username: string; readonly password: Secret }): Secret {
  return credentials.password.derive(
    (password) => `Basic ${Buffer.from(`${credentials.username}:${password}`, "utf8").toString("base64")}`,
  );
}

/** How this vantage gets credentials: a VM has only what is forwarded to it. */
export function loginHint({ vantage, registry }: Session): string {
  return vantage.credentials === null
    ? `forwardCredentials: true at worker "${vantage.name}" in the configuration lets that VM use the credentials of this machine`
    : `docker login ${registry.name}`;
}

/**
 * One call of a token service, distribution's token specification; an identity token is traded by OAuth2. Not
 * redirected, not cached here.
 */
export async function readToken(
  session: Session,
  challenge: Challenge,
  credentials: Credentials | null,
  signal: AbortSignal,
): Promise<Token> {
  const realm = realmOf(session.registry, challenge);
  const page = await session.transport.read(tokenQuery(session.registry, realm, challenge, credentials), signal);
  noteAnswer(session.book, realm, page);
  session.book.bytes += page.body.length;
  const where = `the token service ${plainUrl(realm)}`;
  if (page.status === 200) return tokenOn(session, page, realm, where);
  // of what a token service says nothing is kept
  noteUnexpected(session.book, realm, page, NOTHING, null);
  if (isRedirect(page.status)) {
    throw new Tofu3Error("E_REALM", `${where} redirects, which a token service has no reason to do`, { stage: "auth" });
  }
  const said = wordsOf(page).replace("; registry said", "; it said");
  if (BUSY_STATUSES.has(page.status)) throw busy(page, where, said);
  if (page.status === 401 || page.status === 403) {
    const asWhom = credentials === null ? "gives no token to anonymous users" : "refuses the credentials";
    throw new Tofu3Error("E_AUTH", `${where} ${asWhom} (${page.status})${said}`, {
      stage: "auth",
      hint: loginHint(session),
    });
  }
  throw new Tofu3Error("E_TOKEN", `${where} answered ${page.status}${said}`, { stage: "auth" });
}

function tokenOn(session: Session, page: Page, realm: URL, where: string): Token {
  try {
    return parseToken(page.body, where);
  } catch (thrown) {
    noteUnexpected(session.book, realm, page, NOTHING, null);
    throw thrown;
  }
}

/** Where a token may be asked for. Throws E_REALM. */
function realmOf(registry: Registry, challenge: Challenge): URL {
  const text = challenge.parameters["realm"];
  if (text === undefined || !URL.canParse(text)) throw refusedRealm(registry, text ?? "", "which is no URL");
  const realm = new URL(text);
  realm.hash = "";
  if (realm.protocol !== "https:" && realm.protocol !== registry.base.protocol)
    throw refusedRealm(registry, text, "which is not https");
  if (realm.username !== "" || realm.password !== "")
    throw refusedRealm(registry, realm.origin, "with a user name in the URL");
  if (needsPublicAddress(registry, realm) === null) throw refusedRealm(registry, text, "which is not a public address");
  return realm;
}

function refusedRealm(registry: Registry, realm: string, why: string): Tofu3Error {
  const shown = JSON.stringify(visible(realm.split(/[?#]/, 1)[0] ?? "", 200));
  return new Tofu3Error("E_REALM", `${visible(registry.name)} names the token service ${shown}, ${why}`, {
    stage: "auth",
    hint: "nothing was sent there; a registry on a public address has no reason to name such a place",
  });
}

function tokenQuery(registry: Registry, realm: URL, challenge: Challenge, credentials: Credentials | null): Query {
  const service = challenge.parameters["service"];
  const url = new URL(realm);
  const headers: [string, string | Secret][] = [["accept", "application/json"]];
  const base = {
    maxBytes: LONGEST_ANSWER,
    publicOnly: needsPublicAddress(registry, realm) !== false,
    trust: trustOf(registry, realm),
  };
  if (credentials !== null && "identityToken" in credentials) {
    const form = new URLSearchParams({ grant_type: "refresh_token", client_id: "tofu3", scope: scopeOf(registry) });
    if (service !== undefined) form.set("service", service);
    headers.push(["content-type", "application/x-www-form-urlencoded"]);
    const secret = credentials.identityToken.derive(
      (token) => `${form.toString()}&refresh_token=${encodeURIComponent(token)}`,
    );
    return { ...base, url: url.href, headers, form: secret };
  }
  if (service !== undefined) url.searchParams.set("service", service);
  url.searchParams.set("scope", scopeOf(registry));
  if (credentials !== null) headers.push(["authorization", basicHeader(credentials)]);
  return { ...base, url: url.href, headers };
}

function busy(page: Page, where: string, said: string): Busy {
  const code = page.status === 429 ? "E_RATE_LIMIT" : "E_STATUS";
  return new Busy(new Tofu3Error(code, `${where} answered ${page.status}${said}`, { stage: "auth" }), null);
}

function parseToken(body: Uint8Array, where: string): Token {
  const fields = objectOf(body);
  if (fields === null) throw new Tofu3Error("E_TOKEN", `${where} did not answer with a JSON object`, { stage: "auth" });
  const token = [fields["token"], fields["access_token"]].find(
    (each) => each !== undefined && each !== null && each !== "",
  );
  if (typeof token !== "string" || token.length > LONGEST_TOKEN || !/^[\x21-\x7e]+$/.test(token)) {
    throw new Tofu3Error("E_TOKEN", `${where} did not give a token that can be used`, { stage: "auth" });
  }
  return { value: new Secret(token), life: lifeOf(fields["expires_in"]) };
}

function lifeOf(seconds: unknown): number {
  if (typeof seconds !== "number" || !Number.isFinite(seconds) || seconds <= 0) return DEFAULT_LIFE;
  return Math.min(LONGEST_LIFE, Math.max(SHORTEST_LIFE, seconds));
}

function objectOf(body: Uint8Array): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
