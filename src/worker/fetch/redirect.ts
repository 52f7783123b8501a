import { Tofu3Error, visible } from "../../errors.ts";
import { valueOf } from "../../http/strict.ts";
import type { Answer } from "../../http/transport.ts";
import { plainUrl } from "./notebook.ts";
import { needsPublicAddress } from "./registry.ts";
import type { Registry } from "./registry.ts";

const LONGEST_LOCATION = 8192;

export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308;
}

/** The target of a redirect, RFC 9110 §15.4. Throws E_REDIRECT for a place that no registry has a reason to name. */
export function redirectTarget(registry: Registry, from: URL, answer: Answer): URL {
  const location = valueOf(answer.headers, "location");
  if (location === null || location === "") throw refused(from, "without saying where to");
  if (location.length > LONGEST_LOCATION) throw refused(from, `to a location of ${location.length} characters`);
  if (!/^[\x21-\x5b\x5d-\x7e]+$/.test(location))
    throw refused(from, "to a location with characters that a URL cannot have");
  if (!URL.canParse(location, from.href)) {
    const plain = (location.split(/[?#]/, 1)[0] ?? "").replace(/^([^/]*\/\/)[^/]*@/, "$1…@");
    throw refused(from, `to ${JSON.stringify(visible(plain, 100))}, which is no URL`);
  }
  const target = new URL(location, from);
  target.hash = "";
  if (target.protocol !== "https:" && target.protocol !== "http:")
    throw refused(from, `to the scheme ${JSON.stringify(target.protocol)}`);
  if (target.username !== "" || target.password !== "")
    throw refused(from, `to ${plainUrl(target)} with a user name in the URL`);
  if (from.protocol === "https:" && target.protocol !== "https:")
    throw refused(from, `from https to ${plainUrl(target)}`);
  if (needsPublicAddress(registry, target) === null)
    throw refused(from, `to ${plainUrl(target)}, which is not a public address`);
  return target;
}

function refused(from: URL, whereTo: string): Tofu3Error {
  return new Tofu3Error("E_REDIRECT", `${plainUrl(from)} redirects ${whereTo}`, {
    stage: "http",
    hint: "this is not followed; compare with what another network sees",
  });
}
