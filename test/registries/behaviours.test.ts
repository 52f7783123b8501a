import { describe, expect, test } from "vitest";
import type { VerifyOptions } from "../../src/api.ts";
import type { Evidence } from "../../src/model/evidence.ts";
import { makeBottleIndex } from "../lab/bottles.ts";
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
} from "../lab/image.ts";
import type { Liar, LiarRequest } from "../lab/liar.ts";
import { useLab } from "../lab/uselab.ts";
import { open, single, tokens, UNAUTHORIZED, withHeaders } from "./shop.ts";
import { startWorld, VANTAGES } from "./world.ts";

interface Row {
  readonly registry: string;
  /** A sentence with the registry in front. */
  readonly does: string;
  readonly reference: string;
  readonly options?: VerifyOptions;
  readonly serve: (liar: Liar) => void;
  readonly outcome: Evidence["outcome"];
  readonly says?: RegExp;
  readonly check?: (evidence: Evidence, requests: readonly LiarRequest[]) => void;
}

const image = makeImage({ layers: [3000, 500] });
const docker = makeImage({ layers: [2000], docker: true });
const other = makeImage({ layers: [10] });
const bottles = makeBottleIndex({ formula: "vim", version: "9.0.1900" });

function fetched(requests: readonly LiarRequest[], vantage: string, path: RegExp): number {
  return requests.filter((request) => request.vantage === vantage && path.test(request.target) && request.sent > 0).length;
}

function headersOf(evidence: Evidence): readonly (readonly string[])[] {
  return evidence.observations.map((observation) => observation.evidence.headers);
}

/** Docker Hub, quay, … differ in what they ask for; what is given is the same. */
interface Challenging {
  readonly registry: string;
  readonly host?: string;
  readonly repository: string;
  readonly realm: string;
  readonly service?: string;
  readonly challenge: string;
  readonly does?: string;
}

const CHALLENGES: readonly Challenging[] = [
  {
    registry: "quay.io",
    repository: "org/name",
    realm: "https://quay.io/v2/auth",
    service: "quay.io",
    challenge: 'Bearer realm="https://quay.io/v2/auth",service="quay.io",scope="repository:org/name:pull"',
  },
  {
    registry: "us-docker.pkg.dev",
    repository: "project/repo/name",
    realm: "https://us-docker.pkg.dev/v2/token",
    service: "us-docker.pkg.dev",
    challenge:
      'Bearer realm="https://us-docker.pkg.dev/v2/token",service="us-docker.pkg.dev",scope="repository:project/repo/name:pull"',
  },
  {
    registry: "codeberg.org",
    does: "offers Bearer and Basic in one header",
    repository: "owner/name",
    realm: "https://codeberg.org/v2/token",
    service: "container_registry",
    challenge:
      'Bearer realm="https://codeberg.org/v2/token",service="container_registry",scope="*",Basic realm="https://codeberg.org/v2",service="container_registry",scope="*"',
  },
  {
    registry: "harbor.example",
    repository: "project/name",
    realm: "https://harbor.example/service/token",
    service: "harbor-registry",
    challenge: 'Bearer realm="https://harbor.example/service/token",service="harbor-registry",scope="repository:project/name:pull"',
  },
  {
    registry: "registry.suse.com",
    does: "has a service name with spaces, and a scope that is another",
    repository: "bci/base",
    realm: "https://registry.suse.com/auth",
    service: "SUSE Linux Docker Registry",
    challenge:
      'Bearer realm="https://registry.suse.com/auth",service="SUSE Linux Docker Registry",scope="registry:catalog:*",error="insufficient_scope"',
  },
  {
    registry: "registry.gitlab.com",
    does: "has its token service at another host",
    repository: "group/name",
    realm: "https://gitlab.com/jwt/auth",
    service: "container_registry",
    challenge:
      'Bearer realm="https://gitlab.com/jwt/auth",service="container_registry",scope="repository:group/name:pull",error="invalid_token"',
  },
  {
    registry: "registry.redhat.io",
    does: "has a realm with a query of its own",
    repository: "ubi9/ubi",
    realm: "https://registry.redhat.io/auth/realms/rhcc/protocol/redhat-docker-v2/auth",
    service: "docker-registry",
    challenge:
      'Bearer realm="https://registry.redhat.io/auth/realms/rhcc/protocol/redhat-docker-v2/auth",service="docker-registry"',
  },
  {
    registry: "artifactory.example",
    repository: "docker-virtual/name",
    realm: "https://artifactory.example/artifactory/api/docker/docker-virtual/v2/token",
    service: "artifactory.example",
    challenge:
      'Bearer realm="https://artifactory.example/artifactory/api/docker/docker-virtual/v2/token",service="artifactory.example"',
  },
];

function challengingRow({ registry, does, repository, realm, service, challenge }: Challenging): Row {
  return {
    registry,
    does: does ?? `asks for a token of ${service ?? "its service"}`,
    reference: `${registry}/${repository}:1`,
    serve: (liar) => {
      const gate = tokens(liar, {
        realm,
        challenge,
        scope: `repository:${repository}:pull`,
        ...(service === undefined ? {} : { service }),
      });
      open(liar, { host: registry, repository, tag: "1", artifact: single(image), gate });
    },
    outcome: "agreed",
  };
}

const HUB = "registry-1.docker.io";
const HUB_CHALLENGE = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"';
const HUB_CDN =
  "https://production.cloudflare.docker.com/registry-v2/docker/registry/v2/blobs/sha256/71/DIGEST/data?verify=1685896700-a%2Bb%3D";

function hubGate(liar: Liar, repository: string): ReturnType<typeof tokens> {
  return tokens(liar, {
    realm: "https://auth.docker.io/token",
    service: "registry.docker.io",
    scope: `repository:${repository}:pull`,
    challenge: HUB_CHALLENGE,
    answer: (token) => ({ token, access_token: token, expires_in: 300, issued_at: "2026-06-04T15:32:48.548468494Z" }),
  });
}

const HUB_ROWS: readonly Row[] = [
  {
    registry: "Docker Hub",
    does: "challenges without a scope, counts pulls, and redirects blobs to its CDN",
    reference: "hello-world",
    serve: (liar) => {
      const list = makeIndex([{ manifest: docker.manifest, platform: { os: "linux", architecture: "amd64" } }], { docker: true });
      open(liar, {
        host: HUB,
        repository: "library/hello-world",
        tag: "latest",
        artifact: { root: list, images: [docker] },
        gate: hubGate(liar, "library/hello-world"),
        storage: HUB_CDN,
        document: (honest, request) =>
          withHeaders(honest, {
            ETag: '"sha256:fc6c"',
            "Ratelimit-Limit": "100;w=21600",
            "Ratelimit-Remaining": "0;w=21600",
            "Docker-Ratelimit-Source": { here: "192.0.2.1", fra: "203.0.113.7" }[request.vantage] ?? "198.51.100.9",
          }),
      });
    },
    outcome: "agreed",
    check: (evidence, requests) => {
      expect(headersOf(evidence)).toEqual(
        ["203.0.113.7", "192.0.2.1", "198.51.100.9"].map((source) => [
          `docker-ratelimit-source: ${source}`,
          "ratelimit-limit: 100;w=21600",
          "ratelimit-remaining: 0;w=21600",
        ]),
      );
      // what docs/registries.md says that a run costs: one counted GET for each document at each vantage
      const counted = (vantage: string): readonly LiarRequest[] =>
        requests.filter(
          (each) => each.vantage === vantage && each.target.includes("/manifests/") && each.headers["authorization"] !== undefined,
        );
      for (const vantage of VANTAGES) expect(counted(vantage)).toHaveLength(2);
      expect(evidence.observations.every((each) => each.evidence.redirects.length === 2)).toBe(true);
      expect(JSON.stringify(evidence)).not.toContain("verify=");
    },
  },
  ...["docker.io/library/alias", "index.docker.io/alias", "registry-1.docker.io/library/alias", "docker.io/alias"].map(
    (name): Row => ({
      registry: "Docker Hub",
      does: `is called ${name}`,
      reference: `${name}:1`,
      serve: (liar) => {
        const gate = hubGate(liar, "library/alias");
        open(liar, { host: HUB, repository: "library/alias", tag: "1", artifact: single(docker), gate });
      },
      outcome: "agreed",
    }),
  ),
  {
    registry: "Docker Hub",
    does: "answers 429 with text and rate-limit headers",
    reference: "limited:1",
    serve: (liar) => {
      const gate = hubGate(liar, "library/limited");
      liar.answer(
        `http://${HUB}/v2/library/limited/manifests/1`,
        (request) =>
          gate(request) ?? {
            status: 429,
            headers: {
              "Ratelimit-Limit": "100;w=21600",
              "Ratelimit-Remaining": "0;w=21600",
              "Docker-Ratelimit-Source": "192.0.2.1",
              "Retry-After": "21600",
            },
            body: "You have reached your pull rate limit. You may increase the limit by authenticating and upgrading: https://www.docker.com/increase-rate-limits\n",
          },
      );
    },
    outcome: "incomplete",
    says: /too many requests from this vantage \(429\); ratelimit-limit: 100;w=21600, ratelimit-remaining: 0;w=21600, docker-ratelimit-source: 192\.0\.2\.1, retry-after: 21600; registry said: You have reached your pull rate limit/,
    check: (evidence) => {
      expect(evidence.observations.map((each) => each.error?.code)).toEqual(["E_RATE_LIMIT", "E_RATE_LIMIT", "E_RATE_LIMIT"]);
      expect(evidence.observations[0]?.evidence.headers).toContain("ratelimit-remaining: 0;w=21600");
    },
  },
  {
    registry: "Docker Hub",
    does: "answers 429 as JSON at one vantage only",
    reference: "limited:2",
    serve: (liar) => {
      open(liar, { host: HUB, repository: "library/limited", tag: "2", artifact: single(docker) });
      const body = '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your unauthenticated pull rate limit."}]}';
      liar.lie("sgp", `http://${HUB}/v2/library/limited/manifests/2`, { status: 429, headers: { "Retry-After": "9999" }, body });
    },
    outcome: "incomplete",
    says: /^sgp has no complete observation \(.*TOOMANYREQUESTS: You have reached your unauthenticated pull rate limit\..*; those that saw it saw sha256:/,
  },
  {
    registry: "Docker Hub",
    does: "names the digest of the list in the header of an image",
    reference: "alpine:1",
    serve: (liar) =>
      open(liar, {
        host: HUB,
        repository: "library/alpine",
        tag: "1",
        artifact: single(docker),
        document: (honest) => withHeaders(honest, { "Docker-Content-Digest": other.manifest.digest }),
      }),
    outcome: "agreed",
    check: (evidence) => {
      expect(evidence.artifact?.digest).toBe(docker.manifest.digest);
      expect(evidence.observations[0]?.evidence.claimedDigest).toBe(other.manifest.digest);
    },
  },
  {
    registry: "Docker Hub",
    does: "gives a token without access when library/ is forgotten, and 401 then",
    reference: "docker.io/nobody/there:1",
    serve: (liar) => {
      tokens(liar, {
        realm: "https://auth.docker.io/token",
        service: "registry.docker.io",
        scope: "repository:nobody/there:pull",
        challenge: HUB_CHALLENGE,
      });
      liar.answer(`http://${HUB}/v2/nobody/there/manifests/1`, {
        status: 401,
        headers: { "WWW-Authenticate": `${HUB_CHALLENGE},scope="repository:nobody/there:pull",error="insufficient_scope"` },
        body: UNAUTHORIZED,
      });
    },
    outcome: "incomplete",
    says: /docker\.io refuses a fresh token for repository:nobody\/there:pull; registry said: UNAUTHORIZED: authentication required/,
  },
];

const GHCR_CHALLENGE = 'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:user/image:pull"';
const AZURE =
  "https://pkg-containers.githubusercontent.com/ghcr1/blobs/DIGEST?se=2026-10-19T23%3A35%3A00Z&sig=a%2Bb%3D&sp=r&spr=https&sr=b&sv=2019-12-12";

function ghcrGate(liar: Liar, repository: string): ReturnType<typeof tokens> {
  return tokens(liar, {
    realm: "https://ghcr.io/token",
    service: "ghcr.io",
    scope: `repository:${repository}:pull`,
    challenge: GHCR_CHALLENGE,
  });
}

const GHCR_ROWS: readonly Row[] = [
  {
    registry: "ghcr.io",
    does: "names a placeholder as scope, serves an index that does not say what it is, and signed URLs that take no Authorization",
    reference: "ghcr.io/homebrew/core/vim:9.0.1900",
    options: { platform: "darwin/amd64" },
    serve: (liar) =>
      open(liar, {
        host: "ghcr.io",
        repository: "homebrew/core/vim",
        tag: "9.0.1900",
        storage: AZURE,
        gate: ghcrGate(liar, "homebrew/core/vim"),
        artifact: { root: bottles.index, images: [...bottles.images.values()] },
      }),
    outcome: "agreed",
    check: (evidence) => {
      expect(evidence.artifact?.objects.filter((each) => each.role === "manifest")).toHaveLength(4);
      expect(JSON.stringify(evidence)).not.toContain("sig=");
    },
  },
  {
    registry: "ghcr.io",
    does: "says that Accept does not support OCI indexes, because something on the way removed it",
    reference: "ghcr.io/homebrew/core/vim:noaccept",
    serve: (liar) =>
      liar.answer("http://ghcr.io/v2/homebrew/core/vim/manifests/noaccept", {
        status: 404,
        headers: { "Content-Type": "application/json" },
        body: '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"OCI index found, but Accept header does not support OCI indexes"}]}',
      }),
    outcome: "incomplete",
    says: /the registry has it, but did not see that its type is accepted; registry said: MANIFEST_UNKNOWN: OCI index found/,
  },
  {
    registry: "ghcr.io",
    does: "really has no such manifest",
    reference: "ghcr.io/homebrew/core/vim:none",
    serve: (liar) =>
      liar.answer("http://ghcr.io/v2/homebrew/core/vim/manifests/none", {
        status: 404,
        headers: { "Content-Type": "application/json" },
        body: '{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}',
      }),
    outcome: "absent",
  },
  {
    registry: "ghcr.io",
    does: "signs URLs that end before they are used, and gives new ones",
    reference: "ghcr.io/owner/late:1",
    serve: (liar) => {
      open(liar, {
        host: "ghcr.io",
        repository: "owner/late",
        tag: "1",
        artifact: single(image),
        gate: ghcrGate(liar, "owner/late"),
      });
      for (const blob of [image.config, ...image.layers]) {
        const storage = `http://pkg-containers.githubusercontent.com/late/${blob.digest}`;
        const gate = ghcrGate(liar, "owner/late");
        const to = (se: string) => (request: LiarRequest) =>
          gate(request) ?? { status: 307, headers: { Location: `${storage.replace("http:", "https:")}?se=${se}` }, body: "" };
        liar.answer(`http://ghcr.io/v2/owner/late/blobs/${blob.digest}`, to("old"), to("new"));
        liar.answer(`${storage}?se=old`, { status: 403, body: "<Error><Code>AuthenticationFailed</Code></Error>" });
        liar.answer(`${storage}?se=new`, { body: blob.bytes });
      }
    },
    outcome: "agreed",
  },
  {
    registry: "ghcr.io",
    does: "gives no token for a private repository",
    reference: "ghcr.io/owner/private:1",
    serve: (liar) => {
      liar.answer("http://ghcr.io/v2/owner/private/manifests/1", {
        status: 401,
        headers: { "WWW-Authenticate": GHCR_CHALLENGE },
        body: UNAUTHORIZED,
      });
      liar.answer("http://ghcr.io/token?service=ghcr.io&scope=repository%3Aowner%2Fprivate%3Apull", {
        status: 403,
        body: '{"errors":[{"code":"DENIED","message":"requested access to the resource is denied"}]}',
      });
    },
    outcome: "incomplete",
    says: /the token service https:\/\/ghcr\.io\/token gives no token to anonymous users \(403\); it said: DENIED/,
  },
];

const ECR_CHALLENGE = 'Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"';
const ECR_ENDED = { status: 400, body: '{"errors":[{"code":"DENIED","message":"Your Authorization Token is invalid."}]}' };

const windows = ["10.0.17763.5696", "10.0.20348.2402"].map((version) => ({
  image: makeImage({ layers: [700], docker: true, platform: { os: "windows", architecture: "amd64", "os.version": version } }),
  platform: { os: "windows", architecture: "amd64", "os.version": version },
}));

function foreignImage() {
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

const OTHER_ROWS: readonly Row[] = [
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
        expect(requests.filter((each) => each.vantage === vantage && each.target.startsWith("/token/"))).toHaveLength(2);
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
        document: (honest) => withHeaders(honest, { "Docker-Content-Digest": null, "X-Docker-Size": "-1", ETag: '"5d41402abc4b"' }),
      }),
    outcome: "agreed",
    check: (evidence) => expect(evidence.observations.map((each) => each.evidence.claimedDigest)).toEqual([null, null, null]),
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
          withHeaders(honest, { "Docker-Content-Digest": "bc1c0e105251471a09b19d3f12ca4917646548a63c3022f9e0e1b1b3832baabf" }),
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
          root: makeIndex([{ manifest: docker.manifest, platform: { os: "linux", architecture: "amd64" } }], { docker: true }),
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
      open(liar, { host: "mcr.microsoft.com", repository: "windows/foreign", tag: "1", artifact: single(foreignImage()) }),
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
    says: /did not see that its type is accepted/,
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
    says: /zot\.example asks for a user name and a password, and this vantage has none/,
  },
  {
    registry: "artifactory.example",
    does: "has a realm that is no URL",
    reference: "artifactory.example/docker-local/name:1",
    serve: (liar) =>
      liar.answer("http://artifactory.example/v2/docker-local/name/manifests/1", {
        status: 401,
        headers: {
          "WWW-Authenticate": 'Bearer realm="artifactory.example/api/docker/docker-local/v2/token",service="artifactory.example"',
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

const HOSTS = [
  ...[HUB, "auth.docker.io", "production.cloudflare.docker.com", "ghcr.io", "pkg-containers.githubusercontent.com"],
  ...["quay.io", "public.ecr.aws", "gcr.io", "us-docker.pkg.dev", "mcr.microsoft.com", "westeurope.data.mcr.microsoft.com"],
  ...["codeberg.org", "harbor.example", "registry.suse.com", "registry.gitlab.com", "gitlab.com", "registry.redhat.io"],
  ...["registry.access.redhat.com", "zot.example", "artifactory.example", "swr.huawei.example"],
];

const lab = useLab();
const world = await lab(startWorld(HOSTS));

describe("each registry as it behaves, from three vantages", () => {
  test.each([...HUB_ROWS, ...GHCR_ROWS, ...CHALLENGES.map(challengingRow), ...OTHER_ROWS])(
    "$registry $does",
    async ({ reference, options, serve, outcome, says, check }) => {
      const before = world.liar.requests.length;
      serve(world.liar);
      const evidence = await world.look(reference, options);
      const requests = world.liar.requests.slice(before);
      expect(`${evidence.outcome}: ${evidence.summary}`).toMatch(new RegExp(`^${outcome}: `));
      if (says !== undefined) expect(evidence.summary).toMatch(says);
      check?.(evidence, requests);
      expect(requests.map((each) => each.method).filter((method) => method !== "GET")).toEqual([]);
      expect(requests.every((each) => each.headers["accept-encoding"] === "identity")).toBe(true);
      // what a registry was shown goes nowhere else, and no vantage shows the token of another
      const [registry] = requests;
      for (const each of requests.filter((request) => request.headers["authorization"] !== undefined)) {
        expect(each.host).toBe(registry?.host);
        expect(each.headers["authorization"]).toBe(`Bearer djE6${Buffer.from(each.vantage).toString("base64url")}`);
      }
      if (outcome === "agreed")
        for (const vantage of VANTAGES) expect(fetched(requests, vantage, /\/manifests\//)).toBeGreaterThan(0);
    },
  );
});
