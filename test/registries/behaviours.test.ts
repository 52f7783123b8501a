import { describe, expect, test } from "vitest";
import type { LiarRequest } from "../lab/liar.ts";
import { useLab } from "../lab/uselab.ts";
import { GHCR_ROWS } from "./rows-ghcr.ts";
import { HUB_ROWS } from "./rows-hub.ts";
import { OTHER_ROWS } from "./rows-others.ts";
import { TOKEN_ROWS } from "./rows-tokens.ts";
import { startWorld, VANTAGES } from "./world.ts";

const HOSTS = [
  ...[
    "registry-1.docker.io",
    "auth.docker.io",
    "production.cloudflare.docker.com",
    "ghcr.io",
    "pkg-containers.githubusercontent.com",
  ],
  ...[
    "quay.io",
    "public.ecr.aws",
    "gcr.io",
    "us-docker.pkg.dev",
    "mcr.microsoft.com",
    "westeurope.data.mcr.microsoft.com",
  ],
  ...["codeberg.org", "harbor.example", "registry.suse.com", "registry.gitlab.com", "gitlab.com", "registry.redhat.io"],
  ...["registry.access.redhat.com", "zot.example", "artifactory.example", "swr.huawei.example"],
];

const lab = useLab();
const world = await lab(startWorld(HOSTS));

function fetched(requests: readonly LiarRequest[], vantage: string, path: RegExp): number {
  return requests.filter((request) => request.vantage === vantage && path.test(request.target) && request.sent > 0)
    .length;
}

describe("each registry as it behaves, from three vantages", () => {
  test.each([...HUB_ROWS, ...GHCR_ROWS, ...TOKEN_ROWS, ...OTHER_ROWS])(
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
