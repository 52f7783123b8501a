import { Tofu3Error } from "../../errors.ts";
import { parseChallenges } from "../../oci/challenge.ts";
import type { Challenge } from "../../oci/challenge.ts";
import { orAborted } from "../../http/deadline.ts";
import { valuesOf } from "../../http/strict.ts";
import type { Answer } from "../../http/transport.ts";
import type { Pass } from "./pass.ts";
import type { Session } from "./session.ts";
import { basicHeader, loginHint, readToken, scopeOf } from "./token.ts";

/** A registry that causes more renewals is playing games, and each one may show it the credentials. */
const MOST_RENEWALS = 32;

/** The pass to send now, renewed first if it has expired by the clock. */
export async function currentPass(session: Session, signal: AbortSignal): Promise<Pass> {
  if (isOver(session, session.authority.pass)) await renew(session, session.authority.pass, signal);
  return session.authority.pass;
}

export function isOver(session: Session, pass: Pass): boolean {
  return pass.end <= session.clock.now().getTime();
}

/** Stores the challenges of a 401. Throws E_CHALLENGE or E_AUTH. */
export function learnChallenges(session: Session, answer: Answer): void {
  const headers = valuesOf(answer.headers, "www-authenticate");
  if (headers.length === 0) throw noWay(session, "asks for credentials without saying which");
  const challenges = headers.flatMap((header) => parseChallenges(header));
  const realms = new Set(challenges.filter(isBearer).map((each) => each.parameters["realm"]));
  if (realms.size > 1) {
    throw new Tofu3Error("E_CHALLENGE", `${session.registry.name} names ${realms.size} different token services`, {
      stage: "auth",
    });
  }
  session.authority.challenges = challenges;
}

/**
 * Replaces `used`, unless that has happened meanwhile. Bounded, whatever the registry says. Throws E_AUTH, E_REALM,
 * E_TOKEN or what the transport throws.
 */
export async function renew(session: Session, used: Pass, signal: AbortSignal): Promise<void> {
  const { authority } = session;
  while (authority.pass === used) {
    const mine = authority.pending?.session === session ? authority.pending : null;
    if (authority.pending === null || mine !== null) return askOnce(session, used, signal);
    // Another job's request ends with that job, and its failure is not this job's.
    await orAborted(authority.pending.done, signal).catch(() => signal.throwIfAborted());
  }
}

async function askOnce(session: Session, used: Pass, signal: AbortSignal): Promise<void> {
  const { authority } = session;
  authority.pending ??= { session, done: replace(session, used, signal).finally(() => (authority.pending = null)) };
  await authority.pending.done;
}

async function replace(session: Session, used: Pass, signal: AbortSignal): Promise<void> {
  const { authority, registry } = session;
  if (session.renewals >= MOST_RENEWALS) {
    throw new Tofu3Error(
      "E_AUTH",
      `${registry.name} was given ${MOST_RENEWALS} authorisations, and asks for another one`,
      {
        stage: "auth",
        hint: "it gets no more credentials; compare with what another network sees",
      },
    );
  }
  session.renewals += 1;
  const ended = isOver(session, used);
  authority.pass = await obtain(session, signal);
  if (ended) session.renewals -= 1;
}

async function obtain(session: Session, signal: AbortSignal): Promise<Pass> {
  const { registry, vantage } = session;
  const credentials =
    vantage.credentials === null
      ? null
      : await orAborted(vantage.credentials(registry.name, registry.repository), signal);
  const bearer = session.authority.challenges.find(isBearer);
  if (bearer !== undefined) {
    const asked = session.clock.now().getTime();
    const token = await readToken(session, bearer, credentials, signal);
    return { header: token.value.derive((value) => `Bearer ${value}`), kind: "bearer", end: asked + token.life * 1000 };
  }
  if (!session.authority.challenges.some((each) => each.scheme.toLowerCase() === "basic")) {
    throw noWay(session, "asks for credentials of a kind that tofu3 does not support");
  }
  if (credentials === null) throw noWay(session, "asks for a user name and a password, and this worker has none");
  if (!("username" in credentials))
    throw noWay(session, "asks for a user name and a password, and this worker has only an identity token");
  return { header: basicHeader(credentials), kind: "basic", end: Infinity };
}

/** The registry rejects the credentials that it was sent. */
export function refusedPass(session: Session, pass: Pass, said: string): Tofu3Error {
  const shown =
    pass.kind === "bearer" ? `a fresh token for ${scopeOf(session.registry)}` : "the user name and password";
  return new Tofu3Error("E_AUTH", `${session.registry.name} refuses ${shown}${said}`, {
    stage: "auth",
    hint: `check the name: some registries answer so when a repository does not exist; a private one needs credentials: ${loginHint(session)}`,
  });
}

function isBearer(challenge: Challenge): boolean {
  return challenge.scheme.toLowerCase() === "bearer";
}

function noWay(session: Session, why: string): Tofu3Error {
  return new Tofu3Error("E_AUTH", `${session.registry.name} ${why}`, {
    stage: "auth",
    hint: loginHint(session),
  });
}
