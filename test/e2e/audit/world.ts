import { beforeAll } from "vitest";
import type { FindingKind } from "../../../src/model/findingkind.ts";
import { makeBottleIndex, pushBottleIndex } from "../../lab/bottles.ts";
import { digestOf, DOCKER_MANIFEST, makeIndex, type Blob, type Image } from "../../lab/image.ts";
import { relay } from "../../lab/liar-relay.ts";
import { startLiar, type Liar } from "../../lab/liar.ts";
import { ask, pushBlob, pushDocument, pushExactly } from "../../lab/push.ts";
import { startRegistry, type Registry } from "../../lab/registry.ts";
import { useLab } from "../../lab/uselab.ts";
import { AMD64, ARM64, fixedImage } from "../diagnosis/images.ts";
import { startStage, type Stage } from "../stage.ts";
import type { Names } from "./marks.ts";

/** One reference of the lab, and what an audit must say of it. */
export interface Known {
  /** As a file has it. */
  readonly text: string;
  /** As findings name it. */
  readonly reference: string;
  readonly kinds: readonly FindingKind[];
}

export interface World {
  readonly stage: Stage;
  readonly registry: Registry;
  /** Stands between the workers and the registry. */
  readonly liar: Liar;
  readonly known: ReadonlyMap<string, Known>;
  readonly names: Names;
  readonly lab: ReturnType<typeof useLab>;
  /** The digest that a pin of this unpinned reference must get. */
  readonly digests: ReadonlyMap<string, string>;
}

const RISCV = { os: "linux", architecture: "riscv64" };
const MISSING = digestOf(Buffer.from("nobody ever pushed this"));

interface Built {
  readonly known: Map<string, Known>;
  readonly texts: Map<string, string>;
  readonly digests: Map<string, string>;
}

async function pushIndex(registry: Registry, name: string, tag: string, images: readonly Image[]): Promise<Blob> {
  const platforms = [AMD64, ARM64, RISCV];
  const entries = images.map(({ manifest }, at) => ({ manifest, platform: platforms[at] ?? AMD64 }));
  const index = makeIndex(entries);
  for (const image of images) await pushExactly(registry, name, null, image);
  await pushDocument(registry, name, tag, index);
  return index;
}

/** Every kind of reference, on a real registry; what only one vantage sees comes from the liar in the way. */
async function build(registry: Registry, liar: Liar): Promise<Built> {
  const { host } = registry;
  const [known, texts, digests] = [new Map<string, Known>(), new Map<string, string>(), new Map<string, string>()];
  const add = (name: string, text: string, kinds: readonly FindingKind[], tagged = text): void => {
    known.set(name, { text: `${host}/lab/${text}`, reference: `${host}/lab/${tagged}`, kinds });
    texts.set(name, `${host}/lab/${text}`);
  };
  const [one, two, three, four] = await Promise.all([
    fixedImage(["one"], { platform: AMD64 }),
    fixedImage(["two"], { platform: ARM64 }),
    fixedImage(["three"], { platform: RISCV }),
    fixedImage(["four"], { platform: AMD64 }),
  ]);

  const fine = await pushIndex(registry, "lab/fine", "1.0", [one, two]);
  await pushDocument(registry, "lab/fine", "latest", fine);
  add("fine", `fine:1.0@${fine.digest}`, []);
  add("tag", "fine:1.0", ["unpinned"]);
  add("latest", "fine:latest", ["unpinned", "floating-tag"]);
  add("none", "fine", ["unpinned", "floating-tag"]);
  add("digest", `fine@${fine.digest}`, []);
  add("platform", `fine:1.0@${one.manifest.digest}`, ["platform-pin"]);
  texts.set("finedigest", fine.digest);
  digests.set(`${host}/lab/fine:1.0`, fine.digest).set(`${host}/lab/fine:latest`, fine.digest);

  const old = await pushIndex(registry, "lab/moved", "2", [one, two]);
  const now = await pushIndex(registry, "lab/moved", "2", [four, two]);
  add("stale", `moved:2@${old.digest}`, ["stale-pin"]);
  add("staledigestonly", `moved@${old.digest}`, []);
  add("claim", `moved@${old.digest}`, ["tag-digest-comment"]);
  texts.set("staledigest", old.digest);
  digests.set(`${host}/lab/moved:2`, now.digest);

  const less = await pushIndex(registry, "lab/grew", "1", [one, two]);
  await pushIndex(registry, "lab/grew", "1", [one, two, three]);
  add("grew", `grew:1@${less.digest}`, ["grew"]);

  await pushIndex(registry, "lab/gone", "1", [one, two]);
  add("gone", `gone:1@${MISSING}`, ["pin-gone"]);

  const hollow = await pushIndex(registry, "lab/hollow", "1", [one, three]);
  await ask(registry, "DELETE", `/v2/lab/hollow/manifests/${three.manifest.digest}`);
  add("hollow", `hollow:1@${hollow.digest}`, ["hollow-index"]);
  add("hollowtag", "hollow:1", ["unpinned", "hollow-index"]);

  await pushExactly(registry, "lab/split", "1", one);
  add("split", `split:1@${one.manifest.digest}`, ["disagreed"]);
  const planted = { headers: { "Content-Type": four.manifest.mediaType }, body: four.manifest.bytes };
  liar.lie("sgp", "/v2/lab/split/manifests/1", planted);
  add("absent", "absent:1", ["unpinned", "unreachable"]);

  await pushExactly(registry, "lab/label", "1", one);
  add("label", "label:1", ["unpinned", "disagreed", "mislabelled"]);
  const docker = { headers: { "Content-Type": DOCKER_MANIFEST }, body: one.manifest.bytes };
  liar.lie("sgp", "/v2/lab/label/manifests/1", docker);

  const other = makeBottleIndex({ formula: "wrong", version: "1.0" });
  for (const image of other.images.values()) await pushExactly(registry, "lab/wrong", null, image);
  await pushDocument(registry, "lab/wrong", "2.0", other.index);
  add("wrong", "wrong:2.0", ["unpinned", "mislabelled"]);

  const bottles = makeBottleIndex({ formula: "vim", version: "9.1.0" });
  const pushed = await pushBottleIndex(registry, { formula: "vim", version: "9.1.0" });
  const [earlier] = bottles.images.get("big_sur")?.layers ?? [];
  if (earlier !== undefined) await pushBlob(registry, "homebrew/core/vim", earlier);
  texts.set("bottlehex", pushed.images.get("arm64_sonoma")?.layers[0]?.digest.slice(7) ?? "");
  texts.set("oldbottlehex", earlier?.digest.slice(7) ?? "");
  const vim = `${host}/homebrew/core/vim:9.1.0`;
  known.set("bottle", { text: "", reference: vim, kinds: [] });
  known.set("oldbottle", { text: "", reference: vim, kinds: ["stale-pin"] });
  return { known, texts, digests };
}

export function useWorld(): () => World {
  const lab = useLab();
  let world: World | null = null;
  beforeAll(async () => {
    const [stage, registry, liar] = await Promise.all([
      lab(startStage()),
      lab(startRegistry()),
      lab(startLiar({ vantages: ["fra", "here", "sgp"], otherwise: relay })),
    ]);
    const { known, texts, digests } = await build(registry, liar);
    texts.set("host", registry.host);
    const plain = new Set(["host", "finedigest", "staledigest", "bottlehex", "oldbottlehex"]);
    world = { stage, registry, liar, known, names: { texts, plain }, lab, digests };
  });
  return () => {
    if (world === null) throw new Error("the world is not there before the first test");
    return world;
  };
}
