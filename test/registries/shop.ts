import type { Blob, Image } from "../lab/image.ts";
import type { Scripted } from "../lab/liar-answer.ts";
import { placesOf } from "../lab/liar-shelf.ts";
import type { Answer, Liar, LiarRequest } from "../lab/liar.ts";

/** What stands between a request and its answer; null lets it pass. */
export type Gate = (request: LiarRequest) => Scripted | null;

export interface Shop {
  readonly host: string;
  readonly repository: string;
  readonly tag: string | null;
  readonly artifact: { readonly root: Blob; readonly images: readonly Image[] };
  readonly gate?: Gate;
  /** Changes how documents are served. */
  readonly document?: (honest: Scripted, request: LiarRequest) => Scripted;
  /**
   * `https://host/path` to which blobs are redirected, with `?…` where the storage wants a signature; the digest is put
   * in for `DIGEST`.
   */
  readonly storage?: string;
}

export const UNAUTHORIZED = '{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":null}]}';

export function single(image: Image): Shop["artifact"] {
  return { root: image.manifest, images: [image] };
}

export function json(body: unknown, headers: Readonly<Record<string, string>> = {}): Scripted {
  return { headers: { "Content-Type": "application/json; charset=utf-8", ...headers }, body: JSON.stringify(body) };
}

async function answerTo(answer: Answer, request: LiarRequest): Promise<Scripted> {
  return typeof answer === "function" ? answer(request) : answer;
}

/** Headers of a scripted answer with others added, or taken away where they are null. */
export function withHeaders(answer: Scripted, headers: Readonly<Record<string, string | null>>): Scripted {
  const all = Object.assign({}, answer.headers, headers) as Readonly<Record<string, string | null>>;
  return {
    ...answer,
    headers: Object.fromEntries(
      Object.entries(all).flatMap(([name, value]) => (value === null ? [] : [[name, value]])),
    ),
  };
}

/** Sends everybody to `storage`, which serves those who carry no Authorization, as storage behind signed URLs does. */
function redirect(liar: Liar, storage: string, path: string, honest: Answer): Scripted {
  const location = storage.replace("DIGEST", path.split("/").at(-1) ?? "");
  liar.answer(location.replace("https:", "http:"), async (request) =>
    request.headers["authorization"] === undefined
      ? withHeaders(await answerTo(honest, request), {
          ETag: '"de1f8307434714775456a35bb0a2ba68"',
          Vary: "Accept-Encoding",
        })
      : {
          status: 400,
          body: "<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed</Message></Error>",
        },
  );
  return { status: 307, headers: { Location: location, "Content-Type": "application/octet-stream" }, body: "" };
}

/** Opens a registry at its own name. */
export function open(liar: Liar, shop: Shop): void {
  const { host, repository, tag, artifact, gate, document, storage } = shop;
  for (const [path, honest] of placesOf(repository, tag, artifact.root, artifact.images)) {
    liar.answer(`http://${host}${path}`, async (request) => {
      const refusal = gate?.(request) ?? null;
      if (refusal !== null) return refusal;
      if (path.includes("/blobs/") && storage !== undefined) return redirect(liar, storage, path, honest);
      const answer = await answerTo(honest, request);
      return path.includes("/manifests/") ? (document?.(answer, request) ?? answer) : answer;
    });
  }
}

/**
 * A token service at `realm` that gives each vantage a token of its own, and the gate that takes no other. `scope` is
 * what has to be asked for, whatever the challenge says.
 */
export function tokens(
  liar: Liar,
  options: {
    readonly realm: string;
    readonly challenge: string;
    readonly scope: string;
    readonly service?: string;
    readonly answer?: (token: string) => unknown;
    readonly refusal?: Scripted;
  },
): Gate {
  const token = (vantage: string): string => `djE6${Buffer.from(vantage).toString("base64url")}`;
  const { realm, scope, service } = options;
  const query = new URLSearchParams({ ...(service === undefined ? {} : { service }), scope });
  liar.answer(`${realm.replace("https:", "http:")}?${query.toString()}`, (request) =>
    json(options.answer?.(token(request.vantage)) ?? { token: token(request.vantage) }),
  );
  return (request) =>
    request.headers["authorization"] === `Bearer ${token(request.vantage)}`
      ? null
      : (options.refusal ?? {
          status: 401,
          headers: { "Content-Type": "application/json", "WWW-Authenticate": options.challenge },
          body: UNAUTHORIZED,
        });
}
