import { expect } from "vitest";
import { makeImage, makeIndex } from "../lab/image.ts";
import type { Liar, LiarRequest } from "../lab/liar.ts";
import { docker, headersOf, type Row } from "./row.ts";
import { open, single, tokens, UNAUTHORIZED, withHeaders, type Gate } from "./shop.ts";
import { VANTAGES } from "./world.ts";

const other = makeImage({ layers: [10] });
const HUB = "registry-1.docker.io";
const HUB_CHALLENGE = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"';
const HUB_CDN =
  "https://production.cloudflare.docker.com/registry-v2/docker/registry/v2/blobs/sha256/71/DIGEST/data?verify=1685896700-a%2Bb%3D";

function hubGate(liar: Liar, repository: string): Gate {
  return tokens(liar, {
    realm: "https://auth.docker.io/token",
    service: "registry.docker.io",
    scope: `repository:${repository}:pull`,
    challenge: HUB_CHALLENGE,
    answer: (token) => ({ token, access_token: token, expires_in: 300, issued_at: "2026-06-04T15:32:48.548468494Z" }),
  });
}

export const HUB_ROWS: readonly Row[] = [
  {
    registry: "Docker Hub",
    does: "challenges without a scope, counts pulls, and redirects blobs to its CDN",
    reference: "hello-world",
    serve: (liar) => {
      const list = makeIndex([{ manifest: docker.manifest, platform: { os: "linux", architecture: "amd64" } }], {
        docker: true,
      });
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
          expect.stringMatching(/^etag: /) as string,
          "ratelimit-limit: 100;w=21600",
          "ratelimit-remaining: 0;w=21600",
        ]),
      );
      // what docs/registries.md says that a run costs: one counted GET for each document at each vantage
      const counted = (vantage: string): readonly LiarRequest[] =>
        requests.filter(
          (each) =>
            each.vantage === vantage &&
            each.target.includes("/manifests/") &&
            each.headers["authorization"] !== undefined,
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
    says: /too many requests from this worker \(429\); ratelimit-limit: 100;w=21600, ratelimit-remaining: 0;w=21600, docker-ratelimit-source: 192\.0\.2\.1, retry-after: 21600; registry said: You have reached your pull rate limit/,
    check: (evidence) => {
      expect(evidence.observations.map((each) => each.error?.code)).toEqual([
        "E_RATE_LIMIT",
        "E_RATE_LIMIT",
        "E_RATE_LIMIT",
      ]);
      expect(evidence.observations[0]?.evidence.headers).toContain("ratelimit-remaining: 0;w=21600");
    },
  },
  {
    registry: "Docker Hub",
    does: "answers 429 as JSON at one vantage only",
    reference: "limited:2",
    serve: (liar) => {
      open(liar, { host: HUB, repository: "library/limited", tag: "2", artifact: single(docker) });
      const body =
        '{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your unauthenticated pull rate limit."}]}';
      liar.lie("sgp", `http://${HUB}/v2/library/limited/manifests/2`, {
        status: 429,
        headers: { "Retry-After": "9999" },
        body,
      });
    },
    outcome: "incomplete",
    says: /^sgp did not finish \(.*TOOMANYREQUESTS: You have reached your unauthenticated pull rate limit\..*; fra and here saw sha256:/,
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
        headers: {
          "WWW-Authenticate": `${HUB_CHALLENGE},scope="repository:nobody/there:pull",error="insufficient_scope"`,
        },
        body: UNAUTHORIZED,
      });
    },
    outcome: "incomplete",
    says: /docker\.io refuses a fresh token for repository:nobody\/there:pull; registry said: UNAUTHORIZED: authentication required/,
  },
];
