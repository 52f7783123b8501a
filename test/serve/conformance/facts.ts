import type { Answer } from "../../lab/answer.ts";
import { digestOf } from "../../lab/image.ts";

/**
 * What clients go by. The words of an error are free, and so are its length and the parameters of its media type; what
 * it says of the object is not looked at.
 */
export interface Facts {
  readonly status: number;
  readonly type: string | null;
  /** `Content-Length`; null of an error or a list, and of an answer without one. */
  readonly length: string | null;
  readonly digest: string | null;
  readonly etag: string | null;
  readonly range: string | null;
  readonly acceptRanges: string | null;
  readonly link: string | null;
  /** `errors[0].code`; null of what is no error, and of an error whose body says none. */
  readonly code: string | null;
  /** Digest of the bytes; of an error, a list, and an answer without a body, null. */
  readonly body: string | null;
  /** Of a list, in its order. */
  readonly tags: string | null;
}

export function factsOf({ status, headers, body }: Answer): Facts {
  const isError = status >= 400;
  const header = (name: string): string | null => {
    const value = headers[name];
    return typeof value === "string" ? value : null;
  };
  const tags = isError ? null : tagsOf(body);
  const isOpaque = !isError && tags === null;
  return {
    status,
    type: header("content-type")?.replace(/;.*/, "") ?? null,
    length: isOpaque ? header("content-length") : null,
    digest: isError ? null : header("docker-content-digest"),
    etag: isError ? null : header("etag"),
    range: header("content-range"),
    acceptRanges: isError ? null : header("accept-ranges"),
    link: header("link"),
    code: isError ? codeOf(body) : null,
    body: isOpaque && body.length > 0 ? digestOf(body) : null,
    tags,
  };
}

function codeOf(body: Buffer): string | null {
  return jsonOf<{ errors?: { code: string }[] }>(body)?.errors?.[0]?.code ?? null;
}

function tagsOf(body: Buffer): string | null {
  return jsonOf<{ tags?: string[] }>(body)?.tags?.join(" ") ?? null;
}

function jsonOf<T>(body: Buffer): T | null {
  try {
    return JSON.parse(body.toString("utf8")) as T;
  } catch {
    return null;
  }
}
