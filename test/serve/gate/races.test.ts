import { beforeAll, expect, test } from "vitest";
import { Tofu3Error } from "../../../src/errors.ts";
import { makeImage, type Image } from "../../lab/image.ts";
import { relay } from "../../lab/liar-relay.ts";
import { pushExactly } from "../../lab/push.ts";
import { startRegistry, type Registry } from "../../lab/registry.ts";
import { startSshd, type Sshd } from "../../lab/sshd.ts";
import { useLab } from "../../lab/uselab.ts";
import { openWay, told, wishes, type Way, type WayOptions } from "./ground.ts";

const lab = useLab();
let registry: Registry;
let vms: readonly [Sshd, Sshd];

beforeAll(async () => {
  registry = await lab(startRegistry());
  vms = [await lab(startSshd()), await lab(startSshd())];
});

const way = (options: Partial<WayOptions> = {}): Promise<Way> => lab(openWay({ vms, registry, ...options }));

const OTHER = { body: "{}", headers: { "content-type": "application/vnd.oci.image.manifest.v1+json" } };

async function pushed(name: string): Promise<Image> {
  const image = makeImage({ layers: [64, 32] });
  await pushExactly(registry, name, "1", image);
  return image;
}

/** A promise, and who settles it. */
function signpost(): { readonly reached: Promise<void>; readonly reach: () => void } {
  let reach = (): void => undefined;
  const reached = new Promise<void>((resolve) => (reach = resolve));
  return { reached, reach: () => reach() };
}

test("a round that begins as another one ends in a disagreement does not take the hold away", async () => {
  await pushed("races/rounds");
  const [inside, released, answered] = [signpost(), signpost(), signpost()];
  let looks = 0;
  const { ask, liar, store } = await way({
    through: (inner) => ({
      tag: async (...about) => {
        looks += 1;
        if (looks === 2) {
          inside.reach();
          await released.reached;
        }
        return inner.tag(...about);
      },
    }),
  });
  const { tag, repository } = wishes(registry, "races/rounds");
  const path = "/v2/races/rounds/manifests/1";
  liar.lie("sgp", path, async () => {
    await answered.reached;
    return OTHER;
  });
  const first = ask(tag("1"), "HEAD");
  const second = ask(tag("1"), "HEAD");
  await inside.reached;
  answered.reach();
  expect(told(await first)).toBe("refused disagreed");
  liar.lie("sgp", path, relay);
  released.reach();
  expect(told(await second)).toBe("refused disagreed");
  expect(await store.hold(repository, "1")).toMatchObject({ outcome: "disagreed" });
});

test("a store that could not be read for a moment is read again", async () => {
  const { digest } = (await pushed("races/read")).manifest;
  let faults = 1;
  const { ask } = await way({
    through: (inner) => ({
      documents: async (repository) => {
        if (faults-- > 0) throw new Tofu3Error("E_DISK", "too many open files");
        return inner.documents(repository);
      },
    }),
  });
  const { document } = wishes(registry, "races/read");
  await expect(ask(document(digest), "HEAD")).rejects.toThrow("too many open files");
  expect(told(await ask(document(digest), "HEAD"))).toBe(`granted ${digest}`);
});

test("a disagreement of several blobs that accuses none of them is one about their manifest", async () => {
  const { manifest } = await pushed("races/group");
  let evicted = false;
  const { ask, asked, liar, store } = await way({
    through: (inner) => ({ read: async (...about) => (evicted ? null : inner.read(...about)) }),
  });
  const { tag, by, repository } = wishes(registry, "races/group");
  expect(told(await ask(tag("1"), "HEAD"))).toBe(`granted ${manifest.digest}`);
  // so that the manifest is asked for once more, with its blobs
  evicted = true;
  liar.lie("sgp", `/v2/races/group/manifests/${manifest.digest}`, OTHER, relay);
  asked();
  expect(told(await ask(tag("1")))).toBe("refused disagreed");
  expect(asked().filter((line) => line.includes("/manifests/"))).toEqual(by("GET", `manifests/${manifest.digest}`));
  expect(await store.hold(repository, manifest.digest)).toMatchObject({ outcome: "disagreed" });
  expect(told(await ask(tag("1")))).toBe("refused disagreed");
});
