import { describe, expect, test } from "vitest";
import type { ImageJob } from "../../../src/model/job.ts";
import { glimpse } from "../../../src/worker/walk/glance.ts";
import { present } from "../../../src/worker/walk/presence.ts";
import { fakeTransport, type Routes } from "../faketransport.ts";
import { BASE, imageFor, jobOf, look, page, serve, vantageOf } from "../fixtures.ts";

const NEVER = new AbortController().signal;
const image = imageFor("linux/amd64", "layer");
const [layer] = image.layers;
if (layer === undefined) throw new Error("no layer");
const BLOB = `${BASE}/blobs/${layer.digest}`;

const publicJob = (reference?: string): ImageJob => ({ ...jobOf(reference), publicOnly: true });

describe("a job that is for public addresses only", () => {
  test("asks the registry, its token service and whatever it redirects to for a public address", async () => {
    const realm = "https://registry.example:8443/token";
    const cdn = "https://registry.example:9443/x";
    const routes: Routes = {
      ...serve(image.all),
      [`${BASE}/manifests/1`]: [
        { status: 401, headers: { "www-authenticate": `Bearer realm="${realm}"` } },
        page(image.manifest),
      ],
      [`${realm}?scope=repository%3Aa%2Fb%3Apull`]: { body: '{"token":"t1"}' },
      [BLOB]: { status: 307, headers: { location: cdn } },
      [cdn]: { body: layer.bytes },
    };
    const transport = fakeTransport(routes);
    expect(await look(transport, { job: publicJob() })).toMatchObject({ outcome: "saw", error: null });
    expect(new Set(transport.asked.map(({ url }) => new URL(url).host)).size).toBe(3);
    expect(transport.asked.map(({ publicOnly }) => publicOnly)).toEqual(transport.asked.map(() => true));
    const asEver = fakeTransport({ ...routes, [`${BASE}/manifests/1`]: page(image.manifest) });
    await look(asEver, { job: jobOf() });
    expect(asEver.asked.map(({ publicOnly }) => publicOnly)).toEqual(asEver.asked.map(() => false));
  });

  test("keeps http where the settings say so", async () => {
    const base = BASE.replace("https:", "http:");
    const transport = fakeTransport(serve(image.all, base));
    const vantage = { registries: () => ({ plainHttp: true, trust: null }) };
    expect(await look(transport, { job: publicJob(), vantage })).toMatchObject({ outcome: "saw", error: null });
    expect(transport.asked.every(({ publicOnly }) => publicOnly)).toBe(true);
  });

  test.each([
    "localhost:5000", "registry.localhost:5000", "127.0.0.1", "127.0.0.1:5000", "127.1.2.3:5000", "10.0.0.1", "192.168.1.1:443",
    "172.16.0.1:5000", "169.254.169.254", "100.64.0.1:5000", "[::1]:5000", "[fd00::1]:5000", "[fe80::1]:5000", "[::ffff:a00:1]:5000",
  ])("asks nothing of %s", async (registry) => {
    const transport = fakeTransport({});
    const job = publicJob(`${registry}/a/b:1`);
    const seen = await look(transport, { job });
    expect(seen).toMatchObject({ outcome: "failed", error: { code: "E_ADDRESS" } });
    expect(await glimpse(vantageOf(transport), job, ["1"], NEVER)).toMatchObject([{ fault: { code: "E_ADDRESS" } }]);
    expect(await present(vantageOf(transport), job, [layer.digest], NEVER)).toMatchObject([{ code: "E_ADDRESS" }]);
    expect(transport.asked).toEqual([]);
  }); // prettier-ignore

  test.each(["https://192.0.2.1/token", "https://localhost/token", "http://127.0.0.1:5001/token"])(
    "gets no token at %s, wherever the registry answered from",
    async (realm) => {
      const challenge = {
        status: 401,
        headers: { "www-authenticate": `Bearer realm="${realm}"` },
        address: "192.0.2.1",
      };
      const transport = fakeTransport({ [`${BASE}/manifests/1`]: challenge });
      const seen = await look(transport, { job: publicJob() });
      expect(seen).toMatchObject({ outcome: "failed", error: { code: "E_REALM" } });
      expect(transport.asked).toHaveLength(1);
    },
  );

  test.each(["https://192.0.2.1/x", "https://localhost/x", "https://169.254.169.254/latest/meta-data/"])(
    "follows no redirect to %s, wherever the registry answered from",
    async (location) => {
      const transport = fakeTransport({ ...serve(image.all), [BLOB]: { status: 307, headers: { location } } });
      const seen = await look(transport, { job: publicJob() });
      expect(seen).toMatchObject({ outcome: "failed", error: { code: "E_REDIRECT" } });
      expect(transport.asked.every(({ url }) => url.startsWith(BASE))).toBe(true);
    },
  );
});
