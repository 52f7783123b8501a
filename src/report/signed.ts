import type { Signed } from "../model/signed.ts";
import { counted } from "./text.ts";

/** `signed by SHA256:…`, `signed in part by SHA256:…: 3 of 14 objects`, `unsigned`. */
export function signedText({ by, objects, of, authorities, why }: Signed): string {
  if (by === null) return why === null ? "unsigned" : `unsigned: ${why}`;
  const whole = objects === of ? `signed by ${by}` : `signed in part by ${by}: ${objects} of ${counted(of, "object")}`;
  return authorities.length === 0
    ? whole
    : `${whole}, under the authority sha256:${authorities.join(" and ")} of the configuration`;
}

/** `fra: signed by SHA256:…; sgp: unsigned`; null if no VM signed anything. */
export function allSignedText(all: readonly Signed[]): string | null {
  if (all.every(({ by, why }) => by === null && why === null)) return null;
  return all.map((each) => `${each.worker}: ${signedText(each)}`).join("; ");
}
