import type { Blob, Image } from "./image.ts";
import type { Scripted } from "./liar-answer.ts";
import type { Answer, Liar, LiarRequest } from "./liar.ts";

/** How an honest registry serves a document. */
export function documentAnswer(document: Blob): Scripted {
  return {
    headers: { "Content-Type": document.mediaType, "Docker-Content-Digest": document.digest },
    body: document.bytes,
  };
}

/** How an honest registry serves a blob: with an ETag, and a part of it where `Range: bytes=N-` asks for one. */
export function blobAnswer(bytes: Uint8Array, etag = '"honest"'): (request: LiarRequest) => Scripted {
  return (request) => {
    const type = { "Content-Type": "application/octet-stream", ETag: etag, "Accept-Ranges": "bytes" };
    const [, from] = /^bytes=([0-9]+)-$/.exec(request.headers["range"] ?? "") ?? [];
    if (from === undefined) return { headers: type, body: bytes };
    const range = `bytes ${from}-${bytes.length - 1}/${bytes.length}`;
    return { status: 206, headers: { ...type, "Content-Range": range }, body: bytes.subarray(Number(from)) };
  };
}

/** Where everything of an image or of an index and its images stands in a registry. */
export function placesOf(
  repository: string,
  tag: string | null,
  root: Blob,
  images: readonly Image[],
): Map<string, Answer> {
  const places = new Map<string, Answer>([["/v2/", { headers: { "Content-Type": "application/json" }, body: "{}" }]]);
  for (const document of [root, ...images.map((image) => image.manifest)]) {
    places.set(`/v2/${repository}/manifests/${document.digest}`, documentAnswer(document));
  }
  for (const blob of images.flatMap((image) => [image.config, ...image.layers])) {
    places.set(`/v2/${repository}/blobs/${blob.digest}`, blobAnswer(blob.bytes));
  }
  if (tag !== null) places.set(`/v2/${repository}/manifests/${tag}`, documentAnswer(root));
  return places;
}

/** Puts an artifact on the liar's shelf as an honest registry would serve it: to everybody, or to one vantage only. */
export function stock(
  liar: Liar,
  repository: string,
  tag: string | null,
  artifact: { root: Blob; images: readonly Image[] },
  vantage?: string,
): void {
  for (const [place, answer] of placesOf(repository, tag, artifact.root, artifact.images)) {
    if (vantage === undefined) liar.answer(place, answer);
    else liar.lie(vantage, place, answer);
  }
}
