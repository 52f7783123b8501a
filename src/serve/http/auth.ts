import { createHash, timingSafeEqual } from "node:crypto";
import type { Token } from "../../config/serve.ts";
import { problem } from "./route.ts";

/** RFC 7617. Docker and podman ask with Basic once they are told so. */
export const CHALLENGE = 'Basic realm="tofu3", charset="UTF-8"';

export const UNAUTHORIZED = problem(401, "UNAUTHORIZED", "this gate answers only those whom serve.auth names");

/** What a request brings along to say who asks. */
export interface Credentials {
  /** The field `Authorization`. */
  readonly authorization: string | undefined;
  /** TLS verified a client certificate against `serve.auth.clientCa`. */
  readonly isCertified: boolean;
}

/** Null for `auth`: everybody may ask. */
export function mayAsk(
  { authorization, isCertified }: Credentials,
  auth: { readonly tokens: readonly Token[]; readonly clientCa: unknown } | null,
): boolean {
  if (auth === null || (auth.clientCa !== null && isCertified)) return true;
  return authorization !== undefined && isToken(authorization, auth.tokens);
}

/** Every token is compared, whole, whichever fits: how long it takes says nothing. */
function isToken(authorization: string, tokens: readonly Token[]): boolean {
  const [, encoded = ""] = /^basic +([A-Za-z0-9+/=_-]{1,4096})$/i.exec(authorization) ?? [];
  const pair = Buffer.from(encoded, "base64");
  const colon = pair.indexOf(":");
  if (colon === -1) return false;
  const name = pair.toString("utf8", 0, colon);
  const hash = createHash("sha256")
    .update(pair.subarray(colon + 1))
    .digest();
  let found = false;
  for (const token of tokens) {
    const isSame = timingSafeEqual(hash, Buffer.from(token.sha256, "hex"));
    found = (isSame && token.name === name) || found;
  }
  return found;
}
