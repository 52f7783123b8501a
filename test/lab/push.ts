import { mkdir, writeFile } from "node:fs/promises";
import { readFileSync } from "node:fs";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { join } from "node:path";
import {
  descriptorOf,
  makeImage,
  makeIndex,
  type Blob,
  type Image,
  type ImageOptions,
  type LabPlatform,
} from "./image.ts";
import { makeFolder, runTool } from "./processes.ts";
import type { Registry } from "./registry.ts";

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: Buffer;
}

type Upload = { readonly body?: Uint8Array; readonly headers?: Readonly<Record<string, string>> };

async function exchange(registry: Registry, method: string, url: URL, upload: Upload): Promise<Answer> {
  const client = registry.clientCertificate;
  const tls = {
    ...(registry.caFile === null ? {} : { ca: readFileSync(registry.caFile) }),
    ...(client === null ? {} : { cert: readFileSync(client.certificateFile), key: readFileSync(client.keyFile) }),
  };
  return new Promise((resolve, reject) => {
    const start = url.protocol === "https:" ? httpsRequest : httpRequest;
    const headers = { ...upload.headers, "content-length": String(upload.body?.length ?? 0) };
    const request = start(url, { method, headers, agent: false, ...tls }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    request.once("error", reject);
    request.end(upload.body);
  });
}

async function authorize(registry: Registry, challenge: string): Promise<string> {
  const { user, password } = registry.credentials ?? { user: "", password: "" };
  const basic = `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
  if (/^basic/i.test(challenge)) return basic;
  const [, realm = ""] = /realm="([^"]+)"/.exec(challenge) ?? [];
  const url = new URL(realm);
  for (const name of ["service", "scope"])
    url.searchParams.set(name, new RegExp(`${name}="([^"]+)"`).exec(challenge)?.[1] ?? "");
  const answer = await exchange(registry, "GET", url, { headers: user === "" ? {} : { authorization: basic } });
  const { token, access_token: other } = JSON.parse(answer.body.toString("utf8")) as {
    token?: string;
    access_token?: string;
  };
  return `Bearer ${token ?? other ?? ""}`;
}

/**
 * One request to the registry, with its credentials where it asks for them; rejects when the status is not below 400.
 */
export async function ask(
  registry: Registry,
  method: string,
  path: string | URL,
  upload: Upload = {},
): Promise<Answer> {
  const url = new URL(path, registry.url);
  let answer = await exchange(registry, method, url, upload);
  if (answer.status === 401) {
    const authorization = await authorize(registry, answer.headers["www-authenticate"] ?? "");
    answer = await exchange(registry, method, url, { ...upload, headers: { ...upload.headers, authorization } });
  }
  if (answer.status >= 400) throw new Error(`${method} ${url.href}: ${answer.status} ${answer.body.toString("utf8")}`);
  return answer;
}

export async function pushBlob(registry: Registry, repository: string, blob: Blob): Promise<void> {
  const begun = await ask(registry, "POST", `/v2/${repository}/blobs/uploads/`);
  const location = new URL(begun.headers.location ?? "", registry.url);
  location.searchParams.set("digest", blob.digest);
  await ask(registry, "PUT", location, { body: blob.bytes, headers: { "content-type": "application/octet-stream" } });
}

/** PUTs a manifest or an index, exactly these bytes, by tag, or by its digest where `tag` is null. */
export async function pushDocument(
  registry: Registry,
  repository: string,
  tag: string | null,
  document: Blob,
): Promise<void> {
  const path = `/v2/${repository}/manifests/${tag ?? document.digest}`;
  await ask(registry, "PUT", path, { body: document.bytes, headers: { "content-type": document.mediaType } });
}

/** Config, layers and manifest as they are, without a client that could rewrite them. */
export async function pushExactly(
  registry: Registry,
  repository: string,
  tag: string | null,
  image: Image,
): Promise<void> {
  for (const blob of [image.config, ...image.layers]) await pushBlob(registry, repository, blob);
  await pushDocument(registry, repository, tag, image.manifest);
}

/** An OCI layout in `folder` that holds this image under `tag`. */
export async function writeLayout(folder: string, tag: string, image: Image): Promise<void> {
  const blobs = join(folder, "blobs/sha256");
  await mkdir(blobs, { recursive: true });
  for (const blob of [image.manifest, image.config, ...image.layers])
    await writeFile(join(blobs, blob.digest.slice(7)), blob.bytes);
  await writeFile(join(folder, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  const annotations = { "org.opencontainers.image.ref.name": tag };
  await writeFile(
    join(folder, "index.json"),
    JSON.stringify({ schemaVersion: 2, manifests: [{ ...descriptorOf(image.manifest), annotations }] }),
  );
}

/** Options with which skopeo reaches this registry; `side` is `src` or `dest`, or empty for `skopeo inspect`. */
export async function skopeoOptions(registry: Registry, side: "src" | "dest" | ""): Promise<string[]> {
  const name = (option: string): string => (side === "" ? `--${option}` : `--${side}-${option}`);
  const credentials =
    registry.credentials === null
      ? []
      : [name("creds"), `${registry.credentials.user}:${registry.credentials.password}`];
  if (registry.caFile === null) return [...credentials, name("tls-verify=false")];
  const folder = join(registry.folder, "skopeo-certs");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "ca.crt"), readFileSync(registry.caFile));
  return [...credentials, name("cert-dir"), folder];
}

/** Makes an image and pushes it with skopeo, as a person would. Its manifest keeps its bytes. */
export async function pushImage(
  registry: Registry,
  options: ImageOptions & { name: string; tag: string },
): Promise<Image> {
  const image = makeImage(options);
  const folder = await makeFolder("layout");
  await writeLayout(folder.path, options.tag, image);
  const to = `docker://${registry.host}/${options.name}:${options.tag}`;
  await runTool("skopeo", [
    "copy",
    "-q",
    "--preserve-digests",
    ...(await skopeoOptions(registry, "dest")),
    `oci:${folder.path}:${options.tag}`,
    to,
  ]);
  await folder.remove();
  return image;
}

export interface Pushed {
  readonly index: Blob;
  readonly images: readonly Image[];
}

/** An index with one image for each platform. */
export async function pushIndex(
  registry: Registry,
  options: {
    name: string;
    tag: string;
    platforms: readonly LabPlatform[];
    layers?: readonly (Uint8Array | number)[];
    docker?: boolean;
  },
): Promise<Pushed> {
  const docker = options.docker === true;
  const images = options.platforms.map((platform) =>
    makeImage({ layers: options.layers ?? [4096, 1024], platform, docker }),
  );
  for (const image of images) await pushExactly(registry, options.name, null, image);
  const entries = images.map(({ manifest }, i) => ({
    manifest,
    ...(options.platforms[i] === undefined ? {} : { platform: options.platforms[i] }),
  }));
  const index = makeIndex(entries, { docker });
  await pushDocument(registry, options.name, options.tag, index);
  return { index, images };
}
