import { describe, expect, test } from "vitest";
import type { Scripted } from "../lab/liar-answer.ts";
import { blobOf, descriptorOf, documentOf, makeImage, OCI_MANIFEST } from "../lab/image.ts";
import { useLab } from "../lab/uselab.ts";
import { json, open, single } from "./shop.ts";
import { startWorld } from "./world.ts";

const lab = useLab();
const HOSTS = ["ghcr.io", "quay.io", "public.ecr.aws", "artifactory.example", "registry.gitlab.com", "zot.example"];
const world = await lab(startWorld(HOSTS));
const NOTE = "tofu3: note: only this machine looked and nothing was compared: this is no verdict\n";

function page(tags: readonly string[], next?: string): Scripted {
  return json({ name: "any", tags }, next === undefined ? {} : { Link: `<${next}>; rel="next"` });
}

interface Row {
  readonly what: string;
  readonly repository: string;
  /** Path and query after /v2/, in the order in which they are asked for. */
  readonly pages: readonly (readonly [path: string, answer: Scripted])[];
  readonly tags: readonly string[];
}

const ROWS: readonly Row[] = [
  {
    what: "ghcr.io: the link says n=0, which the specification calls an empty page",
    repository: "ghcr.io/homebrew/core/vim",
    pages: [
      ["homebrew/core/vim/tags/list", page(["8.2", "9.0.1500"], "/v2/homebrew/core/vim/tags/list?last=9.0.1500&n=0")],
      ["homebrew/core/vim/tags/list?last=9.0.1500&n=0", page(["9.0.1900"])],
    ],
    tags: ["8.2", "9.0.1500", "9.0.1900"],
  },
  {
    what: "quay.io: n and last",
    repository: "quay.io/keycloak/keycloak",
    pages: [
      ["keycloak/keycloak/tags/list", page(["22"], "/v2/keycloak/keycloak/tags/list?n=100&last=23.0.4-0")],
      ["keycloak/keycloak/tags/list?n=100&last=23.0.4-0", page(["24"])],
    ],
    tags: ["22", "24"],
  },
  {
    what: "quay.io as it was: an opaque next_page",
    repository: "quay.io/org/opaque",
    pages: [
      ["org/opaque/tags/list", page(["a"], "/v2/org/opaque/tags/list?n=50&next_page=gAAAAABf%3D%3D")],
      ["org/opaque/tags/list?n=50&next_page=gAAAAABf%3D%3D", page(["b"])],
    ],
    tags: ["a", "b"],
  },
  {
    what: "public.ecr.aws: refuses n above 1000, so that none is asked for",
    repository: "public.ecr.aws/ns/name",
    pages: [["ns/name/tags/list", page(["1"])]],
    tags: ["1"],
  },
  {
    what: "registry.gitlab.com: an absolute link",
    repository: "registry.gitlab.com/group/name",
    pages: [
      ["group/name/tags/list", page(["1"], "https://registry.gitlab.com/v2/group/name/tags/list?last=1&n=1")],
      ["group/name/tags/list?last=1&n=1", page(["2"])],
    ],
    tags: ["1", "2"],
  },
  {
    what: "zot: the last page has a link to an empty one",
    repository: "zot.example/a/b",
    pages: [
      ["a/b/tags/list", page(["1"], "/v2/a/b/tags/list?n=1&last=1")],
      ["a/b/tags/list?n=1&last=1", page([])],
    ],
    tags: ["1"],
  },
  {
    what: "Artifactory: the link has lost the name of the virtual repository",
    repository: "artifactory.example/docker-virtual/name",
    pages: [
      ["docker-virtual/name/tags/list", page(["1"], "/v2/name/tags/list?last=1&n=1")],
      ["docker-virtual/name/tags/list?last=1&n=1", page(["2"])],
    ],
    tags: ["1", "2"],
  },
];

describe("tofu3 tags", () => {
  test.each(ROWS)("$what", async ({ repository, pages, tags }) => {
    const [host = ""] = repository.split("/");
    for (const [path, answer] of pages) world.liar.answer(`http://${host}/v2/${path}`, answer);
    const before = world.liar.requests.length;
    const ended = await world.run(["tags", repository]);
    expect(ended).toMatchObject({ code: 0, stdout: tags.map((tag) => `${tag}\n`).join(""), stderr: NOTE });
    expect(world.liar.requests.slice(before).map((each) => each.target)).toEqual(pages.map(([path]) => `/v2/${path}`));
  });

  const BAD: readonly { what: string; next: string; code: number; says: RegExp }[] = [
    {
      what: "to another host",
      next: "https://evil.example/v2/a/bad/tags/list?n=1",
      code: 12,
      says: /leads away from https:\/\/zot\.example/,
    },
    {
      what: "to http",
      next: "http://zot.example/v2/a/bad/tags/list?n=1",
      code: 12,
      says: /leads away from https:\/\/zot\.example/,
    },
    { what: "to itself", next: "/v2/a/bad/tags/list", code: 12, says: /leads back to its own page/ },
    { what: "to where nothing new is", next: "/v2/a/bad/tags/list?n=7", code: 12, says: /do not end/ },
  ];
  test.each(BAD)("a link $what is not followed for ever", async ({ next, code, says }) => {
    world.liar.answer("http://zot.example/v2/a/bad/tags/list", page(["1"], next));
    world.liar.answer("http://zot.example/v2/a/bad/tags/list?n=7", page(["1"], "/v2/a/bad/tags/list?n=8"));
    const ended = await world.run(["tags", "zot.example/a/bad"]);
    expect(ended).toMatchObject({ code, stdout: "" });
    expect(ended.stderr).toMatch(says);
  });

  test("--json says who looked; a tag that is written to deceive is escaped on a terminal's lines", async () => {
    world.liar.answer("http://zot.example/v2/a/odd/tags/list", page(["1", "\u001b[2J\u202e"]));
    const plain = await world.run(["tags", "zot.example/a/odd"]);
    expect(plain.stdout).toBe("1\n\\u{1b}[2J\\u{202e}\n");
    const ended = await world.run(["tags", "zot.example/a/odd", "--json"]);
    expect(JSON.parse(ended.stdout)).toMatchObject({
      registry: "zot.example",
      repository: "a/odd",
      vantage: "here",
      tags: ["1", "\u001b[2J\u202e"],
    });
    expect(ended.stdout).not.toContain("\u001b");
  });
});

test("tofu3 inspect --raw prints what one vantage was given, byte for byte", async () => {
  const image = makeImage({ layers: [10] });
  open(world.liar, { host: "quay.io", repository: "org/raw", tag: "1", artifact: single(image) });
  const ended = await world.run(["inspect", "quay.io/org/raw:1", "--raw"]);
  expect(ended).toMatchObject({ code: 0, stdout: image.manifest.bytes.toString("utf8"), stderr: NOTE });
});

test("tofu3 inspect --json says what an artifact is and what it is about, and does not follow that", async () => {
  const image = makeImage({ layers: [10] });
  const config = blobOf("application/vnd.oci.empty.v1+json", "{}");
  const layer = blobOf("text/plain", "signed\n");
  const manifest = documentOf(OCI_MANIFEST, {
    schemaVersion: 2,
    mediaType: OCI_MANIFEST,
    artifactType: "application/vnd.example.signature",
    config: descriptorOf(config),
    layers: [descriptorOf(layer)],
    subject: descriptorOf(image.manifest),
  });
  open(world.liar, {
    host: "quay.io",
    repository: "org/about",
    tag: "1",
    artifact: single({ manifest, config, layers: [layer] }),
  });
  const before = world.liar.requests.length;
  const ended = await world.run(["inspect", "quay.io/org/about:1", "--json"]);
  expect(JSON.parse(ended.stdout)).toMatchObject({
    artifact: { artifactType: "application/vnd.example.signature", subject: { digest: image.manifest.digest } },
  });
  expect(world.liar.requests.slice(before)).toHaveLength(1);
});
