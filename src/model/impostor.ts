import type { Fault } from "./observation.ts";

/** What a machine that does not prove the known host key of its worker did instead. */
export type HostKeyDoubt = "has changed" | "is revoked";

export const IN_ITS_PLACE = "somebody may be answering in its place";

const LOUD: Readonly<Record<HostKeyDoubt, string>> = { "has changed": "HAS CHANGED", "is revoked": "IS REVOKED" };

/** How the message of such an E_HOST_KEY begins; saved reports have nothing else to know it by. */
export function hostKeyWords(worker: string, place: string, doubt: HostKeyDoubt): string {
  return `the host key of worker "${worker}" (${place}) ${LOUD[doubt]}: ${IN_ITS_PLACE}`;
}

const WORDS = /^the host key of worker "[^"]{1,100}" \([^()]{1,300}\) (HAS CHANGED|IS REVOKED): somebody may be /;

/** Null for every other fault; a host key that nobody knows yet is only missing in the configuration. */
export function hostKeyDoubt(error: Pick<Fault, "code" | "message"> | null): HostKeyDoubt | null {
  if (error?.code !== "E_HOST_KEY") return null;
  const [, loud] = WORDS.exec(error.message) ?? [];
  return loud === undefined ? null : loud === LOUD["has changed"] ? "has changed" : "is revoked";
}
