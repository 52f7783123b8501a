import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DEMO_REPOSITORY, DEMO_TAG, stockShelf } from "../../src/demo/content.ts";
import { startDemoRegistry, type DemoRegistry } from "../../src/demo/registry.ts";
import { digestOf, OCI_INDEX } from "../lab/image.ts";
import { makeFolder, runTool } from "../lab/processes.ts";

let registry: DemoRegistry;

beforeAll(async () => {
  registry = await startDemoRegistry();
});
afterAll(() => registry.stop());

interface Entry {
  readonly digest: string;
  readonly platform: Readonly<Record<string, string>>;
}

function manifestsOf(forged: boolean): readonly Entry[] {
  const { root, documents } = stockShelf(forged);
  const index = JSON.parse(documents.get(root)?.bytes.toString() ?? "{}") as { manifests: Entry[]; mediaType?: string };
  expect(index.mediaType).toBeUndefined();
  return index.manifests;
}

const path = `/v2/${DEMO_REPOSITORY}/manifests/${DEMO_TAG}`;

async function token(scope = `repository:${DEMO_REPOSITORY}:pull`): Promise<{ status: number; authorization: string }> {
  const answer = await fetch(
    `http://${registry.host}/token?service=${registry.host}&scope=${encodeURIComponent(scope)}`,
  );
  const { token } = (await answer.json()) as { token?: string };
  return { status: answer.status, authorization: `Bearer ${token ?? "none"}` };
}

describe("what the demo registry holds", () => {
  test("is the same on every machine", () => {
    expect(stockShelf(false).root).toBe("sha256:4bc02c7146109ef2efc3be31538702488d0635bdee29b26eafda9a96204b789b");
    expect(stockShelf(true).root).toBe("sha256:c19e38ce09d0587d18dcb8e9be4c4e15f563bf96637bc34cd016d504a15a8fe4");
  });

  test("has four bottles for darwin/amd64 that differ by os.version only", () => {
    const intel = manifestsOf(false).filter(
      (entry) => entry.platform["os"] === "darwin" && entry.platform["architecture"] === "amd64",
    );
    expect(intel.map((entry) => entry.platform["os.version"])).toEqual([
      "macOS 14",
      "macOS 13.5",
      "macOS 12.6",
      "macOS 11.7",
    ]);
  });

  test("differs in one bottle when forged, and every digest fits all the same", () => {
    const [genuine, forged] = [manifestsOf(false), manifestsOf(true)];
    expect(
      genuine.filter((entry, i) => entry.digest !== forged[i]?.digest).map((entry) => entry.platform["os.version"]),
    ).toEqual(["macOS 11.7"]);
    const { documents, blobs } = stockShelf(true);
    for (const [digest, { bytes }] of documents) expect(digestOf(bytes)).toBe(digest);
    for (const [digest, bytes] of blobs) expect(digestOf(bytes)).toBe(digest);
  });
});

describe("the demo registry", () => {
  test.each(["arm64", "amd64"])("serves skopeo a %s bottle for macOS, which GNU tar unpacks", async (architecture) => {
    const folder = await makeFolder("demo-skopeo");
    const choice = ["--override-os", "darwin", "--override-arch", architecture];
    await runTool("skopeo", [
      ...choice,
      "copy",
      "-q",
      "--src-tls-verify=false",
      `docker://${registry.reference}`,
      `dir:${folder.path}/d`,
    ]);
    const manifest = JSON.parse(await runTool("cat", [`${folder.path}/d/manifest.json`])) as {
      layers: { digest: string }[];
    };
    const layer = `${folder.path}/d/${manifest.layers[0]?.digest.slice("sha256:".length)}`;
    expect(await runTool("tar", ["-tzf", layer])).toBe("vim/9.0.1900/bin/vim\nvim/9.0.1900/share/runtime\n");
    await folder.remove();
  });

  test("challenges with a scope that fits nobody, and gives tokens for its one repository", async () => {
    const answer = await fetch(`http://${registry.host}${path}`);
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toContain('scope="repository:user/image:pull"');
    expect((await token("repository:user/image:pull")).status).toBe(403);
    expect((await token()).status).toBe(200);
  });

  test("wants a token that it gave, and an Accept header that knows OCI indexes", async () => {
    const { authorization } = await token();
    const wrong = await fetch(`http://${registry.host}${path}`, {
      headers: { authorization: "Bearer none", accept: OCI_INDEX },
    });
    expect(wrong.status).toBe(401);
    const old = await fetch(`http://${registry.host}${path}`, {
      headers: { authorization, accept: "application/json" },
    });
    expect(await old.text()).toContain("OCI index found, but Accept header does not support OCI indexes");
    const good = await fetch(`http://${registry.host}${path}`, { headers: { authorization, accept: OCI_INDEX } });
    expect(digestOf(Buffer.from(await good.arrayBuffer()))).toBe(good.headers.get("docker-content-digest"));
  });

  test("sends for blobs to another origin, which refuses a token that was not meant for it", async () => {
    const [blob] = stockShelf(false).blobs.keys();
    const { authorization } = await token();
    const answer = await fetch(`http://${registry.host}/v2/${DEMO_REPOSITORY}/blobs/${blob}`, {
      headers: { authorization },
      redirect: "manual",
    });
    expect(answer.status).toBe(307);
    const location = new URL(answer.headers.get("location") ?? "");
    expect(location.host).not.toBe(registry.host);
    expect((await fetch(location, { headers: { authorization } })).status).toBe(400);
    expect(digestOf(Buffer.from(await (await fetch(location)).arrayBuffer()))).toBe(blob);
  });

  test.each([{ how: [] }, { how: ["--proxytunnel"] }])(
    "shows another index on the tampered way $how",
    async ({ how }) => {
      const { authorization } = await token();
      const ask = [
        "-q",
        "-s",
        "-H",
        `Authorization: ${authorization}`,
        "-H",
        `Accept: ${OCI_INDEX}`,
        `http://${registry.host}${path}`,
      ];
      expect(digestOf(Buffer.from(await runTool("curl", ask)))).toBe(stockShelf(false).root);
      expect(digestOf(Buffer.from(await runTool("curl", ["-x", registry.tamperedWay, ...how, ...ask])))).toBe(
        stockShelf(true).root,
      );
    },
  );

  test.each([
    { method: "GET", place: `/v2/${DEMO_REPOSITORY}/manifests/none`, status: 404 },
    { method: "GET", place: "/v2/homebrew/core/nano/manifests/1", status: 404 },
    { method: "GET", place: `/v2/${DEMO_REPOSITORY}/blobs/sha256:00`, status: 404 },
    { method: "PUT", place: `/v2/${DEMO_REPOSITORY}/manifests/new`, status: 405 },
    { method: "GET", place: "/v2/", status: 200 },
    { method: "GET", place: `/v2/${DEMO_REPOSITORY}/tags/list`, status: 200 },
  ])("answers $method $place with $status", async ({ method, place, status }) => {
    const { authorization } = await token();
    expect((await fetch(`http://${registry.host}${place}`, { method, headers: { authorization } })).status).toBe(
      status,
    );
  });
});
