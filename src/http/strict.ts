import { Tofu3Error, visible } from "../errors.ts";

/** More interim answers (1xx, such as 100 and 103) than this are an attack. */
export const MOST_INTERIM = 16;
export const TOO_MANY_INTERIM = `more than ${MOST_INTERIM} interim answers`;
export const UNASKED_SWITCH = "a switch of protocols that nobody asked for";

/** For a body that exceeds `maxBytes`. */
export function tooLarge(maxBytes: number): Tofu3Error {
  return new Tofu3Error("E_TOO_LARGE", `the body is longer than the ${maxBytes} bytes that were allowed`, {
    stage: "body",
  });
}

type Headers = readonly (readonly [name: string, value: string])[];

/** All values of one header, in order. `name` is in lower case. */
export function valuesOf(headers: Headers, name: string): string[] {
  return headers.filter(([each]) => each === name).map(([, value]) => value);
}

/** The value of a header that may occur once; null if absent. Throws E_FRAMING on two different values. */
export function valueOf(headers: Headers, name: string): string | null {
  const [first, ...others] = valuesOf(headers, name);
  if (others.some((other) => other !== first)) {
    throw new Tofu3Error("E_FRAMING", `the answer has ${others.length + 1} different ${name} headers`, {
      stage: "http",
    });
  }
  return first ?? null;
}

/**
 * The stricter reading of the two HTTP engines, enforced for both: one Content-Length in plain digits or
 * `Transfer-Encoding: chunked`, never both, never neither; no Content-Encoding. RFC 9112 §6.3. Returns the declared
 * length; null when chunked.
 */
export function declaredLength(status: number, headers: Headers): number | null {
  const lengths = valuesOf(headers, "content-length");
  const codings = valuesOf(headers, "transfer-encoding");
  const encoding = valuesOf(headers, "content-encoding").filter((value) => value.trim().toLowerCase() !== "identity");
  if (encoding.length > 0) {
    throw new Tofu3Error(
      "E_ENCODING",
      `the body is encoded as ${visible(encoding.join(", "), 80)} although identity was asked for`,
      {
        stage: "http",
        hint: "a proxy or CDN between this worker and the registry compresses bodies; use a path without it",
      },
    );
  }
  if (codings.length > 0) {
    if (codings.length > 1 || codings[0]?.trim().toLowerCase() !== "chunked" || lengths.length > 0) {
      throw new Tofu3Error(
        "E_FRAMING",
        `the length of the body is ambiguous: Transfer-Encoding ${visible(codings.join(", "), 80)}`,
        { stage: "http" },
      );
    }
    return null;
  }
  const [length, ...others] = lengths;
  if (length === undefined) {
    if (status === 204 || status === 304) return 0;
    throw new Tofu3Error(
      "E_FRAMING",
      "the answer does not say how long its body is (neither Content-Length nor chunked)",
      {
        stage: "http",
      },
    );
  }
  if (others.length > 0 || !/^[0-9]{1,15}$/.test(length)) {
    throw new Tofu3Error(
      "E_FRAMING",
      `the length of the body is ambiguous: Content-Length ${visible(lengths.join(", "), 80)}`,
      {
        stage: "http",
      },
    );
  }
  return Number(length);
}
