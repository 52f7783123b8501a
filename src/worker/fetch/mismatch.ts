import { Tofu3Error } from "../../errors.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { Digest } from "../../oci/digest.ts";
import type { Session } from "./session.ts";

/** E_MISMATCH: the bytes, complete or too many, are not what was requested. `computed` is null for too many. */
export function mismatch(
  what: string,
  expected: { readonly digest: Digest; readonly size: number | null },
  seen: { readonly computed: Digest | null; readonly size: number },
): Tofu3Error {
  return new Tofu3Error("E_MISMATCH", `${what}: ${difference(expected, seen)}`, {
    stage: "digest",
    hint: "these bytes do not match the digest: do not use them, and compare with another worker",
  });
}

function difference(
  expected: { digest: Digest; size: number | null },
  seen: { computed: Digest | null; size: number },
): string {
  if (seen.computed === null) return `more than the ${expected.size ?? 0} bytes that were declared`;
  if (seen.computed !== expected.digest) return `the ${seen.size} bytes hash to ${seen.computed}`;
  return `${seen.size} bytes with the right digest, but ${expected.size ?? 0} were declared`;
}

/**
 * A body longer than its descriptor says is other content, provided that the descriptor's size was within the limit;
 * null for any other fault.
 */
export function overlong(
  what: string,
  expected: Pick<Descriptor, "digest" | "size">,
  thrown: unknown,
  limit: number,
): Tofu3Error | null {
  if (!(thrown instanceof Tofu3Error) || thrown.code !== "E_TOO_LARGE") return null;
  if (expected.size === null || expected.size > limit) return null;
  return mismatch(what, expected, { computed: null, size: expected.size });
}

/** Reports bytes that do not match at once, so that the other workers can be stopped. */
export function tellMismatch({ watch, vantage }: Session, error: Tofu3Error | null): void {
  if (error?.code === "E_MISMATCH") watch({ kind: "mismatch", worker: vantage.name });
}
