import { expect } from "vitest";
import {
  blobOf,
  descriptorOf,
  DOCKER_CONFIG,
  DOCKER_LIST,
  DOCKER_MANIFEST,
  documentOf,
  makeImage,
  makeIndex,
  makeLayer,
  type Image,
} from "../lab/image.ts";
import { docker, headersOf, image, type Row } from "./row.ts";
import { open, single, tokens, UNAUTHORIZED, withHeaders } from "./shop.ts";
import { VANTAGES } from "./world.ts";

const ECR_CHALLENGE = 'Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"';
const ECR_ENDED = {
  status: 400,
  body: '{"errors":[{"code":"DENIED","message":"Your Authorization Token is invalid."}]}',
};

const windows = ["10.0.17763.5696", "10.0.20348.2402"].map((version) => ({
  image: makeImage({
    layers: [700],
    docker: true,
    platform: { os: "windows", architecture: "amd64", "os.version": version },
  }),
  platform: { os: "windows", architecture: "amd64", "os.version": version },
}));

function foreignImage(): Image {
  const { blob, diffId } = makeLayer(900);
  const config = documentOf(DOCKER_CONFIG, {
    os: "windows",
    architecture: "amd64",
    rootfS: { type: "layers", diff_ids: [diffId] },
  });
  const foreign = {
    ...descriptorOf(blob),
    mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
    urls: ["https://go.microsoft.com/fwlink/?linkid=1"],
  };
  return {
    manifest: documentOf(DOCKER_MANIFEST, {
      schemaVersion: 2,
      mediaType: DOCKER_MANIFEST,
      config: descriptorOf(config),
      layers: [foreign],
    }),
    config,
    layers: [blob],
  };
}

export const OTHER_ROWS: readonly Row[] = [
  {
    registry: "public.ecr.aws",
    does: "has a scope of its own, and calls a token that has ended 400 DENIED without a challenge",
    reference: "public.ecr.aws/ns/name:1",
    serve: (liar) => {
      const gate = tokens(liar, {
        realm: "https://public.ecr.aws/token/",
        service: "public.ecr.aws",
        scope: "repository:ns/name:pull",
        challenge: ECR_CHALLENGE,
      });
      const ended = new Set<string>();
      open(liar, {
        host: "public.ecr.aws",
        repository: "ns/name",
        tag: "1",
        artifact: single(image),
        gate: (request) => {
          const refusal = gate(request);
          // the first blob of each vantage comes with a token that has ended meanwhile
          if (refusal !== null || !request.target.includes("/blobs/") || ended.has(request.vantage)) return refusal;
          ended.add(request.vantage);
          return ECR_ENDED;
        },
      });
    },
    outcome: "agreed",
    check: (_, requests) => {
      for (const vantage of VANTAGES)
        expect(requests.filter((each) => each.vantage === vantage && each.target.startsWith("/token/"))).toHaveLength(
          2,
        );
    },
  },
  {
    registry: "public.ecr.aws",
    does: "denies for good: a fresh token does not help, and it ends",
    reference: "public.ecr.aws/ns/denied:1",
    serve: (liar) => {
      const gate = tokens(liar, {
        realm: "https://public.ecr.aws/token/",
        service: "public.ecr.aws",
        scope: "repository:ns/denied:pull",
        challenge: ECR_CHALLENGE,
      });
      open(liar, {
        host: "public.ecr.aws",
        repository: "ns/denied",
        tag: "1",
        artifact: single(image),
        gate: (request) => gate(request) ?? ECR_ENDED,
      });
    },
    outcome: "incomplete",
    says: /DENIED: Your Authorization Token is invalid/,
  },
  {
    registry: "registry.access.redhat.com",
    does: "has no digest header, as ECR",
    reference: "registry.access.redhat.com/ubi9:1",
    serve: (liar) =>
      open(liar, {
        host: "registry.access.redhat.com",
        repository: "ubi9",
        tag: "1",
        artifact: single(docker),
        document: (honest) =>
          withHeaders(honest, { "Docker-Content-Digest": null, "X-Docker-Size": "-1", ETag: '"5d41402abc4b"' }),
      }),
    outcome: "agreed",
    check: (evidence) =>
      expect(evidence.observations.map((each) => each.evidence.claimedDigest)).toEqual([null, null, null]),
  },
  {
    registry: "swr.huawei.example",
    does: "has a digest header without algorithm",
    reference: "swr.huawei.example/a/b:1",
    serve: (liar) =>
      open(liar, {
        host: "swr.huawei.example",
        repository: "a/b",
        tag: "1",
        artifact: single(docker),
        document: (honest) =>
          withHeaders(honest, {
            "Docker-Content-Digest": "bc1c0e105251471a09b19d3f12ca4917646548a63c3022f9e0e1b1b3832baabf",
          }),
      }),
    outcome: "agreed",
  },
  {
    registry: "gcr.io",
    does: "asks for no token",
    reference: "gcr.io/project/name:1",
    serve: (liar) =>
      open(liar, {
        host: "gcr.io",
        repository: "project/name",
        tag: "1",
        artifact: {
          root: makeIndex([{ manifest: docker.manifest, platform: { os: "linux", architecture: "amd64" } }], {
            docker: true,
          }),
          images: [docker],
        },
        document: (honest) => withHeaders(honest, { Server: "Docker Registry" }),
      }),
    outcome: "agreed",
    check: (evidence, requests) => {
      expect(evidence.artifact?.mediaType).toBe(DOCKER_LIST);
      expect(requests.every((each) => each.headers["authorization"] === undefined)).toBe(true);
    },
  },
  {
    registry: "mcr.microsoft.com",
    does: "has two windows/amd64 that differ by os.version: both are verified",
    reference: "mcr.microsoft.com/windows/nanoserver:1",
    options: { platform: "windows/amd64" },
    serve: (liar) =>
      open(liar, {
        host: "mcr.microsoft.com",
        repository: "windows/nanoserver",
        tag: "1",
        storage: "https://westeurope.data.mcr.microsoft.com/01031d61--x/DIGEST?a=b&c=d%3D",
        artifact: {
          root: makeIndex(
            windows.map(({ image: each, platform }) => ({ manifest: each.manifest, platform })),
            { docker: true },
          ),
          images: windows.map((each) => each.image),
        },
      }),
    outcome: "agreed",
    check: (evidence) => expect(evidence.artifact?.objects.filter((each) => each.role === "manifest")).toHaveLength(2),
  },
  {
    registry: "mcr.microsoft.com",
    does: "has one of them for --os-version 10.0.17763",
    reference: "mcr.microsoft.com/windows/nanoserver:1",
    options: { platform: "windows/amd64", osVersion: "10.0.17763" },
    serve: () => undefined,
    outcome: "agreed",
    check: (evidence) =>
      expect(evidence.artifact?.objects.filter((each) => each.role === "manifest").map((each) => each.digest)).toEqual([
        windows[0]?.image.manifest.digest,
      ]),
  },
  {
    registry: "mcr.microsoft.com",
    does: "spells rootfS, and has a foreign layer: it is asked of the registry, never of its urls",
    reference: "mcr.microsoft.com/windows/foreign:1",
    serve: (liar) =>
      open(liar, {
        host: "mcr.microsoft.com",
        repository: "windows/foreign",
        tag: "1",
        artifact: single(foreignImage()),
      }),
    outcome: "agreed",
  },
  {
    registry: "harbor.example",
    does: "says in lower case that Accept does not support it",
    reference: "harbor.example/project/name:noaccept",
    serve: (liar) =>
      liar.answer("http://harbor.example/v2/project/name/manifests/noaccept", {
        status: 404,
        body: '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"OCI manifest found, but accept header does not support OCI manifests"}]}',
      }),
    outcome: "incomplete",
    says: /says that its type was not accepted/,
  },
  {
    registry: "zot.example",
    does: "serves OCI alone, an artifact with artifactType and an empty config among it, and wants Basic where nobody may read",
    reference: "zot.example/a/artifact:1",
    serve: (liar) => {
      const empty = blobOf("application/vnd.oci.empty.v1+json", "{}");
      const blob = blobOf("text/plain", "hello from zot\n");
      const manifest = documentOf("application/vnd.oci.image.manifest.v1+json", {
        schemaVersion: 2,
        mediaType: "application/vnd.oci.image.manifest.v1+json",
        artifactType: "application/vnd.example",
        config: descriptorOf(empty),
        layers: [descriptorOf(blob)],
      });
      open(liar, {
        host: "zot.example",
        repository: "a/artifact",
        tag: "1",
        artifact: single({ manifest, config: empty, layers: [blob] }),
      });
      liar.answer("http://zot.example/v2/a/private/manifests/1", {
        status: 401,
        headers: { "WWW-Authenticate": 'Basic realm="Authorization Required"' },
        body: '{"errors":[{"code":"UNAUTHORIZED"}]}',
      });
    },
    outcome: "agreed",
  },
  {
    registry: "zot.example",
    does: "wants Basic where nobody may read",
    reference: "zot.example/a/private:1",
    serve: () => undefined,
    outcome: "incomplete",
    says: /zot\.example asks for a user name and a password, and this worker has none/,
  },
  {
    registry: "artifactory.example",
    does: "has a realm that is no URL",
    reference: "artifactory.example/docker-local/name:1",
    serve: (liar) =>
      liar.answer("http://artifactory.example/v2/docker-local/name/manifests/1", {
        status: 401,
        headers: {
          "WWW-Authenticate":
            'Bearer realm="artifactory.example/api/docker/docker-local/v2/token",service="artifactory.example"',
        },
        body: UNAUTHORIZED,
      }),
    outcome: "incomplete",
    says: /names the token service "artifactory\.example\/api\/docker\/docker-local\/v2\/token", which is no URL/,
  },
  {
    registry: "registry.gitlab.com",
    does: "warns that it will go away: 299 is noted once",
    reference: "registry.gitlab.com/group/old:1",
    serve: (liar) =>
      open(liar, {
        host: "registry.gitlab.com",
        repository: "group/old",
        tag: "1",
        artifact: single(image),
        document: (honest) => withHeaders(honest, { Warning: '299 - "this registry closes in March"' }),
      }),
    outcome: "agreed",
    check: (evidence) => expect(headersOf(evidence)[0]).toEqual(['warning: 299 - "this registry closes in March"']),
  },
];
