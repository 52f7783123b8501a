import { describe, expect, test } from "vitest";
import { fakeTransport, type Reply, type Routes } from "../faketransport.ts";
import { descriptor, imageFor, indexOf, jobOf, look, page, serve, thing } from "../fixtures.ts";

const image = imageFor("linux/amd64", "a layer");
const [layer] = image.layers;
if (layer === undefined) throw new Error("no layer");

/** How each registry asks for a token, and what it is then asked for; recorded shapes, other bytes. */
describe("tokens", () => {
  const rows = [
    {
      registry: "docker.io/library/hitch",
      base: "https://registry-1.docker.io/v2/library/hitch",
      challenge: 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"',
      token: "https://auth.docker.io/token?service=registry.docker.io&scope=repository%3Alibrary%2Fhitch%3Apull",
    },
    {
      registry: "ghcr.io/homebrew/core/vim",
      base: "https://ghcr.io/v2/homebrew/core/vim",
      challenge: 'Bearer realm="https://ghcr.io/token",service="ghcr.io",scope="repository:user/image:pull"',
      token: "https://ghcr.io/token?service=ghcr.io&scope=repository%3Ahomebrew%2Fcore%2Fvim%3Apull",
    },
    {
      registry: "public.ecr.aws/ns/name",
      base: "https://public.ecr.aws/v2/ns/name",
      challenge: 'Bearer realm="https://public.ecr.aws/token/",service="public.ecr.aws",scope="aws"',
      token: "https://public.ecr.aws/token/?service=public.ecr.aws&scope=repository%3Ans%2Fname%3Apull",
    },
    {
      registry: "us-docker.pkg.dev/project/repo/image",
      base: "https://us-docker.pkg.dev/v2/project/repo/image",
      challenge:
        'Bearer realm="https://us-docker.pkg.dev/v2/token",service="us-docker.pkg.dev",scope="repository:project/repo/image:pull"',
      token:
        "https://us-docker.pkg.dev/v2/token?service=us-docker.pkg.dev&scope=repository%3Aproject%2Frepo%2Fimage%3Apull",
    },
    {
      registry: "codeberg.org/owner/name",
      base: "https://codeberg.org/v2/owner/name",
      challenge:
        'Bearer realm="https://codeberg.org/v2/token",service="container_registry",scope="*",Basic realm="https://codeberg.org/v2",service="container_registry",scope="*"',
      token: "https://codeberg.org/v2/token?service=container_registry&scope=repository%3Aowner%2Fname%3Apull",
    },
    {
      registry: "registry.suse.com/bci/base",
      base: "https://registry.suse.com/v2/bci/base",
      challenge:
        'Bearer realm="https://registry.suse.com/auth",service="SUSE Linux Docker Registry",scope="registry:catalog:*",error="insufficient_scope"',
      token: "https://registry.suse.com/auth?service=SUSE+Linux+Docker+Registry&scope=repository%3Abci%2Fbase%3Apull",
    },
    {
      registry: "quay.io/org/name",
      base: "https://quay.io/v2/org/name",
      challenge: 'Bearer realm="https://quay.io/v2/auth",service="quay.io",scope="repository:org/name:pull"',
      token: "https://quay.io/v2/auth?service=quay.io&scope=repository%3Aorg%2Fname%3Apull",
    },
    {
      registry: "registry.gitlab.com/group/name",
      base: "https://registry.gitlab.com/v2/group/name",
      challenge:
        'Bearer realm="https://gitlab.com/jwt/auth",service="container_registry",scope="repository:group/name:pull",error="invalid_token"',
      token: "https://gitlab.com/jwt/auth?service=container_registry&scope=repository%3Agroup%2Fname%3Apull",
    },
    {
      registry: "harbor.example/proj/name",
      base: "https://harbor.example/v2/proj/name",
      challenge:
        'Bearer realm="https://harbor.example/service/token",service="harbor-registry",scope="repository:proj/name:pull"',
      token: "https://harbor.example/service/token?service=harbor-registry&scope=repository%3Aproj%2Fname%3Apull",
    },
    {
      registry: "artifactory.example/docker/name",
      base: "https://artifactory.example/v2/docker/name",
      challenge:
        'Bearer realm="https://artifactory.example/api/docker/virtual/v2/token?x=1",service="artifactory.example"',
      token:
        "https://artifactory.example/api/docker/virtual/v2/token?x=1&service=artifactory.example&scope=repository%3Adocker%2Fname%3Apull",
    },
  ];
  test.each(rows)("$registry", async ({ registry, base, challenge, token }) => {
    const routes = serve(image.all, base);
    routes[`${base}/manifests/1`] = [{ status: 401, headers: { "www-authenticate": challenge } }, page(image.manifest)];
    routes[token] = [{ body: '{"token":"djE6"}', headers: { "content-type": "application/json; charset=utf-8" } }];
    const transport = fakeTransport(routes);
    expect(await look(transport, { job: jobOf(`${registry}:1`) })).toMatchObject({ outcome: "saw", error: null });
    expect(transport.asked[2]?.headers["authorization"]).toBe("Bearer djE6");
  });

  test.each(["gcr.io/project/name", "mcr.microsoft.com/dotnet/runtime"])("%s asks for none", async (registry) => {
    const [host = "", ...path] = registry.split("/");
    const transport = fakeTransport(serve(image.all, `https://${host}/v2/${path.join("/")}`));
    expect(await look(transport, { job: jobOf(`${registry}:1`) })).toMatchObject({ outcome: "saw", error: null });
    expect(transport.asked.every((each) => each.headers["authorization"] === undefined)).toBe(true);
  });
});

describe("blobs", () => {
  const rows = [
    { registry: "docker.io/library/hitch", base: "https://registry-1.docker.io/v2/library/hitch", cdn: "https://production.cloudflare.docker.com/registry-v2/docker/registry/v2/blobs/sha256/71/data?verify=1-a%2Bb" },
    { registry: "ghcr.io/a/b", base: "https://ghcr.io/v2/a/b", cdn: "https://pkg-containers.githubusercontent.com/ghcr1/blobs/sha256:71?se=2026-01-01T00%3A00%3A00Z&sig=x%2B&sp=r&spr=https&sr=b&sv=2019-12-12" },
    { registry: "mcr.microsoft.com/a", base: "https://mcr.microsoft.com/v2/a", cdn: "https://westeurope.data.mcr.microsoft.com/01031d61--x/sha256?a=b&c=d" },
  ]; // prettier-ignore
  test.each(rows)(
    "$registry redirects to its CDN, whose URL is asked for as it was written and without a token",
    async ({ registry, base, cdn }) => {
      const routes: Routes = {
        ...serve(image.all, base),
        [`${base}/blobs/${layer.digest}`]: { status: 307, headers: { location: cdn, "content-length": "0" } },
        [cdn]: { body: layer.bytes, headers: { etag: '"de1f"', "accept-ranges": "bytes", vary: "Accept-Encoding" } },
      };
      const transport = fakeTransport(routes);
      const seen = await look(transport, { job: jobOf(`${registry}:1`) });
      expect(seen).toMatchObject({ outcome: "saw", error: null });
      expect(transport.asked.find((each) => each.url === cdn)?.headers).toEqual({ accept: "*/*" });
      expect(JSON.stringify(seen)).not.toMatch(/verify=|sig=/);
    },
  );
});

describe("digest headers are noted, and decide nothing", () => {
  const index = indexOf([descriptor(image.manifest)]);
  const rows: readonly { what: string; headers: Reply["headers"]; claimed: string | null }[] = [
    { what: "ECR and Red Hat have none", headers: {}, claimed: null },
    { what: "Huawei leaves out the algorithm", headers: { "docker-content-digest": "bc1c0e10" }, claimed: "bc1c0e10" },
    {
      what: "Docker Hub once named the list's",
      headers: { "docker-content-digest": index.digest },
      claimed: index.digest,
    },
    {
      what: "two of them",
      headers: { "docker-content-digest": ["sha256:a", "sha256:b"] },
      claimed: "sha256:a, sha256:b",
    },
  ];
  test.each(rows)("$what", async ({ headers, claimed }) => {
    const routes = {
      ...serve(image.all),
      "https://registry.example/v2/a/b/manifests/1": page(image.manifest, headers),
    };
    const seen = await look(fakeTransport(routes));
    expect(seen).toMatchObject({
      outcome: "saw",
      error: null,
      digest: image.manifest.digest,
      evidence: { claimedDigest: claimed },
    });
  });
});

test("a Content-Type with parameters is read without them", async () => {
  const manifest = {
    ...page(image.manifest),
    headers: { "content-type": `${image.manifest.mediaType.toUpperCase()}; charset=utf-8` },
  };
  const seen = await look(
    fakeTransport({ ...serve(image.all), "https://registry.example/v2/a/b/manifests/1": manifest }),
  );
  expect(seen.objects[0]?.mediaType).toBe(image.manifest.mediaType);
});

test("an index without mediaType, as Homebrew writes it, is an index", async () => {
  const text = JSON.stringify(
    {
      schemaVersion: 2,
      manifests: [
        descriptor(image.manifest, { platform: { os: "darwin", architecture: "amd64", "os.version": "macOS 13.6" } }),
      ],
    },
    null,
    2,
  );
  const index = thing("application/vnd.oci.image.index.v1+json", text);
  const seen = await look(fakeTransport(serve([index, ...image.all])));
  expect(seen).toMatchObject({ outcome: "saw", error: null });
  expect(seen.objects[1]).toMatchObject({ platform: "darwin/amd64", osVersion: "macOS 13.6" });
});

describe("schema 1", () => {
  const SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws";
  const history = [{ v1Compatibility: JSON.stringify({ id: "1".repeat(64) }) }];
  const payload = JSON.stringify(
    { schemaVersion: 1, name: "a/b", tag: "1", architecture: "amd64", fsLayers: [{ blobSum: layer.digest }], history },
    null,
    3,
  );
  const signed = (signature: string): string => {
    const at = {
      formatLength: payload.length - 2,
      formatTail: Buffer.from("\n}").toString("base64url"),
      time: "2026-01-01T00:00:00Z",
    };
    const block = {
      header: { alg: "ES256" },
      signature,
      protected: Buffer.from(JSON.stringify(at)).toString("base64url"),
    };
    return `${payload.slice(0, -2)},\n   "signatures": [${JSON.stringify(block)}]\n}`;
  };
  const digest = thing(SIGNED, payload).digest;

  test.each(["c2lnbmVk", "b3RoZXJ3aXNlIGFuZCBsb25nZXI"])(
    "signed as %s is its payload, by tag and by digest",
    async (signature) => {
      const routes = serve([thing(SIGNED, signed(signature)), layer]);
      routes[`https://registry.example/v2/a/b/manifests/${digest}`] = page(thing(SIGNED, signed(signature)));
      for (const reference of ["registry.example/a/b:1", `registry.example/a/b@${digest}`]) {
        const seen = await look(fakeTransport(routes), { job: jobOf(reference) });
        expect(seen).toMatchObject({ outcome: "saw", error: null, digest });
        // what is compared may not depend on the signatures
        expect(seen.objects[0]?.size).toBe(payload.length);
      }
    },
  );
});
