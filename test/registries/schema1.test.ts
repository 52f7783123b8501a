import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { blobAnswer } from "../lab/liar-shelf.ts";
import { runTool } from "../lab/processes.ts";
import { useLab } from "../lab/uselab.ts";
import { makeSchema1, oldLayer, type Schema1Image, type Step } from "./schema1.ts";
import { startWorld, VANTAGES } from "./world.ts";

const lab = useLab();
const HOST = "old.example";
const world = await lab(startWorld([HOST]));
const SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws";

const STEPS: readonly Step[] = [
  { command: "ADD base in /", layer: oldLayer("etc/base", "base\n") },
  { command: "CMD sh" },
  { command: "RUN make", layer: oldLayer("usr/bin/tool", "tool\n") },
  { command: "ENTRYPOINT tool" },
];

/** Serves it under `tag`, as `body` writes it for each vantage. */
function serve(tag: string, image: Schema1Image, body: (vantage: string) => string): string {
  for (const name of [tag, image.digest]) {
    world.liar.answer(`http://${HOST}/v2/a/old/manifests/${name}`, (request) => ({
      headers: { "Content-Type": SIGNED, "Docker-Content-Digest": image.digest },
      body: body(request.vantage),
    }));
  }
  for (const layer of image.layers)
    world.liar.answer(`http://${HOST}/v2/a/old/blobs/${layer.digest}`, blobAnswer(layer.bytes));
  return `${HOST}/a/old:${tag}`;
}

const image = makeSchema1("a/old", "1", STEPS);
const reference = serve("1", image, image.body);

function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

async function room(): Promise<string> {
  return mkdtemp(join(world.folder, "room-"));
}

describe("signed by somebody else, and longer, for each vantage", () => {
  test("it is one image: its digest is that of what is signed, by tag and by digest", async () => {
    const bodies = VANTAGES.map((vantage) => Buffer.from(image.body(vantage)));
    expect(new Set(bodies.map(sha256)).size).toBe(3);
    expect(new Set(bodies.map((body) => body.length)).size).toBeGreaterThan(1);
    for (const name of [reference, `${HOST}/a/old@${image.digest}`]) {
      const evidence = await world.look(name);
      expect(evidence).toMatchObject({
        outcome: "agreed",
        differences: [],
        artifact: { digest: image.digest, mediaType: SIGNED },
      });
    }
  });

  test("--platform is what the image says of itself", async () => {
    expect(await world.look(reference, { platform: "linux/amd64" })).toMatchObject({ outcome: "agreed" });
    await expect(world.look(reference, { platform: "linux/arm64" })).rejects.toMatchObject({
      code: "E_SELECTION",
      message: expect.stringContaining("is a single image for linux/amd64, not for --platform linux/arm64") as string,
    });
  });

  test("the empty layer that stands for every command is fetched once", () => {
    const [empty] = image.layers;
    const asked = world
      .asked(HOST)
      .filter((each) => each.vantage === "sgp" && each.target.endsWith(`/blobs/${String(empty?.digest)}`));
    // once for each of the three looks above that agreed
    expect(asked).toHaveLength(3);
  });

  test("schema 1 is accepted, and asked for last", () => {
    const accepts = new Set(
      world.asked(HOST).flatMap((each) => (each.target.includes("/manifests/") ? [each.headers["accept"]] : [])),
    );
    expect([...accepts]).toEqual([
      expect.stringMatching(
        /^application\/vnd\.oci\..*manifest\.v1\+prettyjws, application\/vnd\.docker\.distribution\.manifest\.v1\+json$/,
      ),
    ]);
  });
});

describe("released", () => {
  test("as docker-v1 it is the layout of its time: ID/{VERSION,json,layer.tar} and repositories", async () => {
    const cwd = await room();
    const evidence = await world.look(reference, { output: "docker-v1:layers", cwd });
    expect(evidence.released?.format).toBe("docker-v1");
    expect((await readdir(join(cwd, "layers"))).sort()).toEqual([...image.ids, "repositories"].sort());
    const { history, fsLayers } = JSON.parse(image.body("x")) as {
      history: { v1Compatibility: string }[];
      fsLayers: { blobSum: string }[];
    };
    for (const [place, { v1Compatibility }] of history.entries()) {
      const folder = join(cwd, "layers", (JSON.parse(v1Compatibility) as { id: string }).id);
      expect(await readFile(join(folder, "VERSION"), "utf8")).toBe("1.0");
      expect(await readFile(join(folder, "json"), "utf8")).toBe(v1Compatibility);
      expect(sha256(await readFile(join(folder, "layer.tar")))).toBe(fsLayers[place]?.blobSum);
    }
    const top = image.ids.at(-1);
    expect(JSON.parse(await readFile(join(cwd, "layers", "repositories"), "utf8"))).toEqual({
      [`${HOST}/a/old`]: { 1: top },
    });
    const listed = await runTool("tar", ["-tf", join(cwd, "layers", image.ids[2] ?? "", "layer.tar")]);
    expect(listed).toBe("usr/bin/tool\n");
  });

  test("as docker-archive it is what current tools load, with the registry's digest beside it", async () => {
    const cwd = await room();
    await world.look(reference, { output: "docker-archive:old.tar", cwd });
    const config = JSON.parse(await runTool("skopeo", ["inspect", "--config", `docker-archive:${cwd}/old.tar`])) as {
      rootfs: { diff_ids: string[] };
      history: object[];
    };
    expect(config.rootfs.diff_ids).toHaveLength(2);
    expect(config.history).toHaveLength(4);
    expect(await readFile(join(cwd, "old.tar.digest"), "utf8")).toBe(`${HOST}/a/old:1@${image.digest}\n`);
    await runTool("skopeo", ["copy", "-q", `docker-archive:${cwd}/old.tar`, `oci:${cwd}/copy:1`]);
  });

  test("as an OCI layout it cannot be, and that is said before anything is downloaded", async () => {
    const cwd = await room();
    await expect(world.look(reference, { output: "oci:layout", cwd })).rejects.toMatchObject({ code: "E_DESTINATION" });
    expect(await readdir(cwd)).toEqual([]);
  });
});

describe("what is around the payload, or wrong in it", () => {
  test("unsigned layers beside the payload are not seen: only what is signed is parsed", async () => {
    const evil = oldLayer("etc/evil", "evil\n");
    const forged = serve("forged", image, (vantage) =>
      vantage === "fra"
        ? image
            .body("fra")
            .replace(',\n   "signatures"', `,\n   "fsLayers": [{"blobSum": "${evil.digest}"}],\n   "signatures"`)
        : image.body(vantage),
    );
    const evidence = await world.look(forged);
    expect(evidence).toMatchObject({ outcome: "agreed", artifact: { digest: image.digest } });
    expect(world.asked(HOST).filter((each) => each.target.includes(evil.digest))).toEqual([]);
  });

  test("another payload at one vantage is another image", async () => {
    const other = makeSchema1("a/old", "2", [
      ...STEPS,
      { command: "RUN backdoor", layer: oldLayer("etc/evil", "evil\n") },
    ]);
    serve("split", other, other.body);
    const split = serve("split", image, (vantage) => (vantage === "sgp" ? other.body("x") : image.body(vantage)));
    const evidence = await world.look(split);
    expect(evidence.outcome).toBe("disagreed");
    expect(evidence.differences[0]?.views.map((view) => view.digest)).toEqual([image.digest, other.digest]);
  });

  const broken: readonly { what: string; change: (payload: string) => string; says: RegExp }[] = [
    { what: "a layer without its history", change: (body) => body.replace(/\{\s*"v1Compatibility":[^\n]*\n\s*\},\s*/, ""), says: /history.*3 entries for 4 layers/ },
    { what: "a parent that is another", change: (body) => body.replace(/\\"parent\\":\\"[0-9a-f]{64}/, `\\"parent\\":\\"${"0".repeat(64)}`), says: /its parent is/ },
  ]; // prettier-ignore
  test.each(broken)("$what is refused", async ({ what, change, says }) => {
    const whole = makeSchema1("a/old", what, STEPS);
    // signed again: what is wrong is in the payload itself
    const payload = change(
      JSON.stringify({ ...(JSON.parse(whole.body("x")) as object), signatures: undefined }, null, 3),
    );
    const name = serve(`broken${what.length}`, whole, () => payload);
    world.liar.answer(`http://${HOST}/v2/a/old/manifests/broken${what.length}`, {
      headers: { "Content-Type": "application/vnd.docker.distribution.manifest.v1+json" },
      body: payload,
    });
    const evidence = await world.look(name);
    expect(evidence.outcome).toBe("incomplete");
    expect(evidence.observations.map((each) => each.error?.code)).toEqual(["E_MANIFEST", "E_MANIFEST", "E_MANIFEST"]);
    expect(evidence.summary).toMatch(says);
  });
});
