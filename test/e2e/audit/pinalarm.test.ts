import { access, chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { relay } from "../../lab/liar-relay.ts";
import { until } from "../../lab/processes.ts";
import { pushExactly } from "../../lab/push.ts";
import type { LabConfig } from "../../lab/config.ts";
import { fixedImage } from "../diagnosis/images.ts";
import { SHORT } from "../stage.ts";
import { writeTree } from "./ground.ts";
import { pinIn, shotOf } from "./pinning.ts";
import { useWorld } from "./world.ts";

/** When `tofu3 pin` writes nothing, or not everything. */

const world = useWorld();
const [first, second] = await Promise.all([fixedImage(["first"]), fixedImage(["second"])]);

/** A tag of its own, which leads to the first image. */
async function pushTag(name: string): Promise<{ readonly reference: string; readonly path: string }> {
  const { registry } = world();
  await pushExactly(registry, `lab/${name}`, "1", first);
  return { reference: `${registry.host}/lab/${name}:1`, path: `/v2/lab/${name}/manifests/1` };
}

/** A tree with one file that can be pinned, and one with this reference. */
async function besides(reference: string): Promise<string> {
  const { known } = world();
  return writeTree(world(), {
    Dockerfile: `FROM ${known.get("tag")?.text ?? ""}\n`,
    "images.txt": `${known.get("tag")?.text ?? ""}\n${reference}\n`,
  });
}

function policyOf(policy: Readonly<Record<string, unknown>>): Partial<LabConfig> {
  return { others: { policy: { distinct: [], ...policy } } };
}

describe("nothing is written, no lock and no policy either", () => {
  test("while vantages disagree about one reference: 10", async () => {
    const folder = await besides(`${world().registry.host}/lab/split:1`);
    const before = await shotOf(folder);
    const seen = await pinIn(world(), folder, { flags: ["--buildkit-policy", "policy.json"] });
    expect([seen.code, seen.stdout]).toEqual([10, expect.stringContaining("no file was written")]);
    expect(seen.stderr).toContain("lab/split:1");
    expect(await shotOf(folder)).toEqual(before);
    const dry = await pinIn(world(), folder, { flags: ["--dry-run"] });
    expect([dry.code, dry.stdout]).toEqual([10, ""]);
  });

  test("while a pin that is to move is disagreed about: 10", async () => {
    const folder = await besides(world().known.get("split")?.text ?? "");
    const before = await shotOf(folder);
    expect((await pinIn(world(), folder, { flags: ["--update"] })).code).toBe(10);
    expect(await shotOf(folder)).toEqual(before);
  });

  test("when a tag moves while they look: 11, and the next run pins it", async () => {
    const { liar, registry } = world();
    const { reference, path } = await pushTag("moving");
    const folder = await besides(reference);
    const before = await shotOf(folder);
    const looked = (): number =>
      liar.requests.filter(({ target, end }) => target === path && end === "complete").length;
    const late = async (): Promise<void> => {
      await until("the others have looked", () => looked() === 2 || undefined);
      await pushExactly(registry, "lab/moving", "1", second);
    };
    liar.lie("sgp", path, async (request) => late().then(async () => relay(request)), relay);
    const seen = await pinIn(world(), folder, { flags: ["--buildkit-policy", "policy.json"] });
    expect(seen.code, seen.stderr).toBe(11);
    expect(await shotOf(folder)).toEqual(before);
    expect((await pinIn(world(), folder)).code).toBe(0);
    expect(await readFile(join(folder, "images.txt"), "utf8")).toContain(`${reference}@${second.manifest.digest}\n`);
  });

  test("before enough days: 14", async () => {
    const folder = await besides((await pushTag("young")).reference);
    const before = await shotOf(folder);
    const seen = await pinIn(world(), folder, { config: policyOf({ days: 2 }) });
    expect(seen.code, seen.stderr).toBe(14);
    expect(await shotOf(folder)).toEqual(before);
  });

  test("when the ledger is broken: 1, and what would be pinned is told", async () => {
    const state = await world().stage.room();
    await mkdir(join(state, "tofu3"));
    await writeFile(join(state, "tofu3/ledger.jsonl"), "this is no ledger\n");
    const folder = await besides((await pushTag("unremembered")).reference);
    const before = await shotOf(folder);
    const seen = await pinIn(world(), folder, { state });
    expect([seen.code, seen.stderr]).toEqual([1, expect.stringMatching(/error: .*ledger/)]);
    expect(seen.stdout).toContain("would be pinned; nothing is written");
    expect(await shotOf(folder)).toEqual(before);
  });

  test("when one file is read-only: 1, with the command that changes it", async () => {
    const folder = await besides((await pushTag("locked")).reference);
    await chmod(join(folder, "images.txt"), 0o444);
    const before = await shotOf(folder);
    const seen = await pinIn(world(), folder);
    expect([seen.code, seen.stderr]).toEqual([1, expect.stringMatching(/error: .*read-only[^]*hint: chmod u\+w/)]);
    expect(await shotOf(folder)).toEqual(before);
  });

  test("after Ctrl-C: 130", async () => {
    const { liar } = world();
    const { reference, path } = await pushTag("slow");
    const folder = await besides(reference);
    const before = await shotOf(folder);
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    let asked = false;
    liar.lie(
      "here",
      path,
      async (request) => {
        asked = true;
        return gate.then(async () => relay(request));
      },
      relay,
    );
    const interrupt = async (pid: number): Promise<void> => {
      await until("it is asked", () => asked || undefined);
      process.kill(pid, "SIGINT");
    };
    const seen = await pinIn(world(), folder, { options: { onStart: (pid) => void interrupt(pid) } });
    open();
    expect([seen.code, seen.stdout], seen.stderr).toEqual([130, ""]);
    expect(await shotOf(folder)).toEqual(before);
  });
});

describe("only the file of a reference that cannot be pinned stays as it is", () => {
  test.each([
    { what: "does not exist", name: "missing", code: 16 },
    { what: "cannot be reached from one vantage", name: "unreached", code: 12 },
  ])("that $what: $code", async ({ name, code }) => {
    const { liar, registry, digests } = world();
    const path = `/v2/lab/${name}/manifests/1`;
    if (code === 12) {
      await pushTag(name);
      liar.lie("fra", path, { status: 503 });
    }
    const folder = await besides(`${registry.host}/lab/${name}:1`);
    const { "images.txt": before } = await shotOf(folder);
    const seen = await pinIn(world(), folder, { limits: SHORT });
    expect([seen.code, seen.stderr]).toEqual([code, expect.stringContaining(`lab/${name}:1`)]);
    const { "images.txt": after, Dockerfile: pinned = "", "tofu3.lock": lock } = await shotOf(folder);
    expect(after).toBe(before);
    expect(Buffer.from(pinned.split(" ")[3] ?? "", "base64").toString()).toMatch(/^FROM \S+\/lab\/fine:1\.0@sha256:/);
    expect(Buffer.from(lock?.split(" ")[3] ?? "", "base64").toString()).toContain(
      digests.get(`${registry.host}/lab/fine:1.0`),
    );
  });

  test("whose tag leads elsewhere than the ledger says, where the policy minds: 15", async () => {
    const { registry, stage } = world();
    const state = await stage.room();
    const { reference } = await pushTag("minded");
    const config = policyOf({ onChange: "fail" });
    const earlier = await writeTree(world(), { "images.txt": `${reference}\n` });
    expect((await pinIn(world(), earlier, { state, config })).code).toBe(0);
    await pushExactly(registry, "lab/minded", "1", second);
    const folder = await besides(reference);
    const { "images.txt": before } = await shotOf(folder);
    const seen = await pinIn(world(), folder, { state, config });
    expect(seen.code, seen.stderr).toBe(15);
    const after = await shotOf(folder);
    expect(after["images.txt"]).toBe(before);
    await access(join(folder, "tofu3.lock"));
    // and its pin, which is there already, does not move
    const pinned = await shotOf(earlier);
    expect((await pinIn(world(), earlier, { state, config, flags: ["--update"] })).code).toBe(15);
    expect(await shotOf(earlier)).toEqual(pinned);
  });
});
