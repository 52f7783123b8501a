import { beforeAll, expect, test } from "vitest";
import { makeImage } from "../../lab/image.ts";
import { pushExactly } from "../../lab/push.ts";
import { startRegistry, type Registry } from "../../lab/registry.ts";
import { startSshd } from "../../lab/sshd.ts";
import { useLab } from "../../lab/uselab.ts";
import { NEVER, openWay, told, wishes, type Way } from "./ground.ts";

const lab = useLab();
const image = makeImage({ layers: [100] });
let registry: Registry;
let way: (isPrivate: boolean) => Promise<Way>;

beforeAll(async () => {
  registry = await lab(startRegistry());
  await pushExactly(registry, "app", "1", image);
  const vms = [await lab(startSshd()), await lab(startSshd())] as const;
  way = (isPrivate) => lab(openWay({ vms, registry, upstreams: new Map([[registry.host, { isPrivate }]]) }));
});

test("an upstream that is not listed as private is not asked at a private address, for nothing", async () => {
  const { ask, asked, gate } = await way(false);
  const { tag, document, blob, repository } = wishes(registry, "app");
  for (const wish of [tag("1"), document(image.manifest.digest), blob(image.config.digest)])
    expect(told(await ask(wish))).toBe("refused incomplete");
  expect(await gate.tags(repository, NEVER)).toMatchObject({ kind: "refused" });
  expect(asked()).toEqual([]);
});

test("one that is listed as private is", async () => {
  const { ask, gate } = await way(true);
  const { tag, repository } = wishes(registry, "app");
  expect(told(await ask(tag("1")))).toBe(`granted ${image.manifest.digest}`);
  expect(await gate.tags(repository, NEVER)).toEqual(["1"]);
});
