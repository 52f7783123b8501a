import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Evidence } from "../../src/model/evidence.ts";
import { run, runCommand, type Outcome } from "../lab/cli.ts";
import { pushImage } from "../lab/push.ts";
import { startRegistry, type Registry } from "../lab/registry.ts";
import { useLab } from "../lab/uselab.ts";
import { startWeb, type Web } from "../lab/web.ts";
import { breaches } from "./contract.ts";
import { SHORT, startStage, type Stage } from "./stage.ts";

const lab = useLab();
let stage: Stage;
let web: Web;
let registry: Registry;
let file = "";

beforeAll(async () => {
  [stage, registry] = await Promise.all([lab(startStage()), lab(startRegistry())]);
  web = await lab(startWeb(stage.folder, { vantages: ["here", "fra", "sgp"] }));
  await pushImage(registry, { name: "lab/app", tag: "v1", layers: [10, 20] });
  const others = { registries: { [web.host]: { caFile: web.caFile } } };
  // registries on loopback are asked without proxies; the web's server tells vantages apart by theirs
  file = await stage.configure({ limits: SHORT, config: { others } });
});

function verify(args: readonly string[], cwd: string, stdin = "", env: Record<string, string> = {}): Promise<Outcome> {
  return run(["verify", ...args, "--config", file], { cwd, stdin, env: { HOME: stage.home, ...env } });
}

function objectsOf({ stdout }: Outcome): Evidence[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Evidence);
}

function hexOf(path: string): string {
  return createHash("sha256")
    .update(web.files[path] ?? "")
    .digest("hex");
}

const WHEEL = "/plain/tool%2B1.0.whl";
const KEY = "/plain/key.asc";

describe("a list", () => {
  test("has a verdict for each, one exit code, and SHA256SUMS of what agreed", async () => {
    const cwd = await stage.room();
    const list = [
      "# what we download",
      "",
      `${web.url(WHEEL)}#sha256=${hexOf(WHEEL)}   # a pin`,
      `${web.url(KEY)} --sha256 ${hexOf(KEY)} -o 'the key.asc'`,
      `${registry.host}/lab/app:v1`,
      `${web.url("/page/tool.tar.gz")} -o page.tar.gz`,
      `${web.url("/chunked/unknown.bin")} --sha256 ${"0".repeat(64)}`,
    ];
    await writeFile(join(cwd, "list"), list.join("\n"));
    const seen = await verify(["-i", "list", "-o", "out", "--json"], cwd);
    expect(seen.code).toBe(15);
    const objects = objectsOf(seen);
    expect(objects.map(({ outcome }) => outcome)).toEqual(["agreed", "agreed", "agreed", "incomplete", "changed"]);
    for (const each of objects) expect(breaches(JSON.stringify(each))).toEqual([]);
    expect((await readdir(join(cwd, "out"))).sort()).toEqual(["SHA256SUMS", "app-v1", "the key.asc", "tool+1.0.whl"]);
    const sums = await readFile(join(cwd, "out/SHA256SUMS"), "utf8");
    expect(sums).toBe(`${hexOf(KEY)}  the key.asc\n${hexOf(WHEEL)}  tool+1.0.whl\n`);
    expect(
      await runCommand(["sha256sum", "--check", "--strict", "SHA256SUMS"], { cwd: join(cwd, "out") }),
    ).toMatchObject({
      code: 0,
    });
  });

  test("looks again only at what was not agreed on, and what is gone from the folder", async () => {
    const cwd = await stage.room();
    web.liar.answer("/later/a.bin", { body: Buffer.from("a") });
    await writeFile(join(cwd, "list"), ["/later/a.bin", "/later/b.bin", KEY].map((each) => web.url(each)).join("\n"));
    const first = await verify(["-i", "list", "-o", "out", "--json"], cwd);
    expect(objectsOf(first).map(({ outcome }) => outcome)).toEqual(["agreed", "absent", "agreed"]);
    web.liar.answer("/later/b.bin", { body: Buffer.from("b") });
    await runCommand(["rm", join(cwd, "out/key.asc")]);
    const before = web.liar.requests.length;
    const second = await verify(["-i", "list", "-o", "out", "--json"], cwd);
    expect(second.code).toBe(0);
    expect(second.stderr).toContain("1 verdict of the run before stands");
    const asked = web.liar.requests.slice(before).map(({ target }) => target);
    expect(asked).not.toContain("/later/a.bin");
    expect(new Set(asked)).toEqual(new Set(["/later/b.bin", KEY]));
    expect((await readFile(join(cwd, "out/SHA256SUMS"), "utf8")).split("\n")).toHaveLength(4);
  });

  test("a file that was changed in the folder is not taken for verified", async () => {
    const cwd = await stage.room();
    await writeFile(join(cwd, "list"), `${web.url(KEY)}\n${web.url(WHEEL)}\n${web.url("/nowhere/x")}\n`);
    await verify(["-i", "list", "-o", "out"], cwd);
    await runCommand(["chmod", "u+w", join(cwd, "out/key.asc")]);
    await writeFile(join(cwd, "out/key.asc"), "evil");
    const again = await verify(["-i", "list", "-o", "out", "--json"], cwd);
    expect(again.code).toBe(1);
    expect(objectsOf(again)[0]).toMatchObject({
      outcome: "agreed",
      released: null,
      releaseError: { code: "E_DESTINATION" },
    });
    expect(await readFile(join(cwd, "out/SHA256SUMS"), "utf8")).toBe(`${hexOf(WHEEL)}  tool+1.0.whl\n`);
  });

  test("no query of a URL is in what is kept for the next run, nor in the ledger", async () => {
    const [cwd, home] = [await stage.room(), await stage.room()];
    await writeFile(join(cwd, "list"), `${web.url(KEY)}?token=SECRET\n${web.url("/nowhere/x")}?token=SECRET\n`);
    const seen = await verify(["-i", "list", "-o", "out", "--json"], cwd, "", { HOME: home });
    expect(objectsOf(seen).map(({ outcome }) => outcome)).toEqual(["agreed", "absent"]);
    const kept = await runCommand(["grep", "-r", "-c", "", home], {});
    expect(kept.stdout).toMatch(/lists\/[0-9a-f]{32}\.jsonl:[1-9]/);
    expect(await runCommand(["grep", "-r", "SECRET", home], {})).toMatchObject({ code: 1, stdout: "" });
    expect(seen.stdout + seen.stderr).not.toContain("SECRET");
  });

  test("signs evidence for each with a key", async () => {
    const cwd = await stage.room();
    await run(["keygen", "key"], { cwd, env: { HOME: stage.home } });
    const seen = await verify(["-i", "-", "-o", "out", "--sign", "key"], cwd, `${web.url(KEY)}\n${web.url(WHEEL)}\n`);
    expect(seen.code).toBe(0);
    expect(seen.stdout).toContain("2 subjects: 2 agreed");
    const judged = await run(["judge", "out/SHA256SUMS.intoto.jsonl", "--trust", "key.pub", "--json"], {
      cwd,
      env: { HOME: stage.home },
    });
    expect(judged.code).toBe(0);
    expect(judged.stdout).toContain(hexOf(KEY));
    expect(judged.stdout).toContain(hexOf(WHEEL));
  });

  test("several subjects without a list", async () => {
    const cwd = await stage.room();
    const seen = await verify([web.url(KEY), `${registry.host}/lab/app:v1`, "-q"], cwd);
    expect(seen).toMatchObject({ code: 0 });
    expect(seen.stdout.split("\n")[0]).toBe(`${web.url(KEY)}#sha256=${hexOf(KEY)}`);
    expect(seen.stdout.split("\n")[1]).toMatch(/\/lab\/app@sha256:[0-9a-f]{64}$/);
  });

  test.each([
    ["https://localhost/a b c", "list:2: "],
    ["https://localhost/x --days 2", "list:2: "],
    ["https://localhost/x --sha256 abc", "list:2: not a sha256"],
    ["https://localhost/x -o ../y", "list:2: "],
    ["http://localhost/x", "list:2: "],
    ["'https://localhost/x", "list:2 has a ' that nothing closes"],
    ["https://localhost/x -o same\nhttps://localhost/y -o same", 'would both be "same"'],
  ])("%j is a mistake, told before anything is fetched", async (line, says) => {
    const cwd = await stage.room();
    await writeFile(join(cwd, "list"), `# first\n${line}\n`);
    const before = web.liar.requests.length;
    const seen = await verify(["-i", "list", "-o", "out"], cwd);
    expect(seen).toMatchObject({ code: 2, stdout: "" });
    expect(seen.stderr).toContain(says);
    expect(web.liar.requests).toHaveLength(before);
    expect(await readdir(cwd)).toEqual(["list"]);
  });

  test("and its folder", async () => {
    const cwd = await stage.room();
    expect(await verify(["-i", "nothing", "-o", "out"], cwd)).toMatchObject({ code: 2 });
    expect(await verify(["-i", "-", "alpine"], cwd, "alpine\n")).toMatchObject({ code: 2 });
    expect(await verify(["-i", "-", "-o", "oci:x"], cwd, `${web.url(KEY)}\n`)).toMatchObject({ code: 2 });
    expect(await verify(["-i", "-", "-o", "a/b/c"], cwd, `${web.url(KEY)}\n`)).toMatchObject({ code: 2 });
    expect(await verify(["-i", "-"], cwd, "# nothing\n")).toMatchObject({ code: 2 });
    await mkdir(join(cwd, "e"));
    await writeFile(join(cwd, "e/SHA256SUMS"), "of somebody else\n");
    const others = await verify(["-i", "-", "-o", "e"], cwd, `${web.url(KEY)}\n`);
    expect(others).toMatchObject({ code: 2 });
    expect(others.stderr).toContain("--force");
    expect(await readFile(join(cwd, "e/SHA256SUMS"), "utf8")).toBe("of somebody else\n");
    expect(await verify(["-i", "-", "-o", "e", "--force"], cwd, `${web.url(KEY)}\n`)).toMatchObject({ code: 0 });
    const own = await verify(["-i", "-", "-o", "f"], cwd, `${web.url("/plain/SHA256SUMS")}\n`);
    expect(own).toMatchObject({ code: 2 });
    expect(own.stderr).toContain("-o NAME");
    await mkdir(join(cwd, "d/SHA256SUMS"), { recursive: true });
    expect(await verify(["-i", "-", "-o", "d"], cwd, `${web.url(KEY)}\n`)).toMatchObject({ code: 2 });
    expect((await readdir(cwd)).sort()).toEqual(["d", "e"]);
  });
});
