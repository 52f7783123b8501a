import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Evidence } from "../../src/model/evidence.ts";
import { run, runCommand, type Outcome } from "../lab/cli.ts";
import { pushImage } from "../lab/push.ts";
import { startRegistry, type Registry } from "../lab/registry.ts";
import { useLab } from "../lab/uselab.ts";
import { startWeb, type Web } from "../lab/web.ts";
import { SHORT, startStage, type Stage } from "./stage.ts";

const lab = useLab();
let stage: Stage;
let web: Web;
let registry: Registry;
/** Every vantage through the proxy that tells it apart; and none, as registries on loopback are asked. */
let [proxied, plain] = ["", ""];

const KEY = "/plain/key.asc";

beforeAll(async () => {
  [stage, registry] = await Promise.all([lab(startStage()), lab(startRegistry())]);
  web = await lab(startWeb(stage.folder, { vantages: ["here", "fra", "sgp"] }));
  await pushImage(registry, { name: "lab/app", tag: "v1", layers: [10, 20] });
  await pushImage(registry, { name: "other/app", tag: "v1", layers: [30, 40] });
  const others = { registries: { [web.host]: { caFile: web.caFile } } };
  const local = { proxy: web.liar.proxyOf("here") };
  proxied = await stage.configure({ liar: web.liar, limits: SHORT, config: { local, others } });
  plain = await stage.configure({ limits: SHORT, config: { others } });
});

function verify(config: string, args: readonly string[], cwd: string): Promise<Outcome> {
  return run(["verify", ...args, "--config", config], { cwd, env: { HOME: stage.home } });
}

type Told = Evidence & { readonly error?: { readonly code: string; readonly message: string } };

function objectsOf({ stdout }: Outcome): Told[] {
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Told);
}

async function listed(...lines: readonly string[]): Promise<string> {
  const cwd = await stage.room();
  await writeFile(join(cwd, "list"), `${lines.join("\n")}\n`);
  return cwd;
}

function hexOf(path: string): string {
  return createHash("sha256")
    .update(web.files[path] ?? "")
    .digest("hex");
}

describe("what one of a list does to the others", () => {
  test("nothing, where its checksum file is given to nobody again: an alarm stays one, and all is written", async () => {
    const sums = { body: `${hexOf(KEY)}  key.asc\n` };
    for (const vantage of ["here", "fra", "sgp"])
      web.liar.lie(vantage, "/gone/SHA256SUMS", sums, { status: 404, body: "gone" });
    web.liar.answer("/gone/alarm.bin", { body: "good" });
    web.liar.lie("sgp", "/gone/alarm.bin", { body: "evil" });
    const cwd = await listed(
      web.url("/gone/alarm.bin"),
      web.url("/plain/tool%2B1.0.whl"),
      `${web.url(KEY)} --sums ${web.url("/gone/SHA256SUMS")}`,
    );
    const flags = ["-i", "list", "-o", "out", "--report", "report.json", "--json"];
    const seen = await verify(proxied, flags, cwd);
    expect(seen.code).toBe(10);
    expect(objectsOf(seen).map(({ outcome, error }) => error?.code ?? outcome)).toEqual([
      "disagreed",
      "agreed",
      "E_NOT_CONTENT",
    ]);
    expect((await readdir(cwd)).sort()).toEqual(["list", "out", "report.json"]);
    expect((await readdir(join(cwd, "out"))).sort()).toEqual(["SHA256SUMS", "tool+1.0.whl"]);
  });

  test("a checksum file that is too large is a fault of its line", async () => {
    web.liar.answer("/big/SHA256SUMS", { body: `${hexOf(KEY)}  key.asc\n${"#".repeat(5 * 1024 * 1024)}` });
    const cwd = await listed(`${web.url(KEY)} --sums ${web.url("/big/SHA256SUMS")}`, web.url(KEY));
    const seen = await verify(proxied, ["-i", "list", "--json"], cwd);
    expect(seen.code).toBe(2);
    expect(objectsOf(seen).map(({ outcome, error }) => error?.code ?? outcome)).toEqual(["E_SUMS", "agreed"]);
    const words = await verify(proxied, ["-i", "list"], cwd);
    expect(words.stderr).toMatch(/^tofu3: error: https:\S+key\.asc: .*larger than 4 MiB\ntofu3: hint: /m);
  });

  test("a name of its own counts in a checksum file where the URL has none", async () => {
    const path = "/project/files/tool.zip/download";
    web.liar.answer("/silent/SHA256SUMS", { body: `${hexOf(path)}  tool.zip\n${hexOf(KEY)}  key.asc\n` });
    const cwd = await listed(`${web.url(path)} --sums ${web.url("/silent/SHA256SUMS")} -o tool.zip`);
    expect(await verify(proxied, ["-i", "list", "-o", "out"], cwd)).toMatchObject({ code: 0 });
    await writeFile(join(cwd, "sums"), `${hexOf(path)}  tool.zip\n${hexOf(KEY)}  key.asc\n`);
    await writeFile(join(cwd, "list"), `${web.url(path)} --sums sums -o tool.zip\n`);
    expect(await verify(proxied, ["-i", "list", "-o", "local"], cwd)).toMatchObject({ code: 0 });
  });

  test("several alarms are kept in one folder", async () => {
    const names = Array.from({ length: 8 }, (_, at) => `file${at}`);
    for (const name of names) {
      web.liar.answer(`/kept/${name}.bin`, { body: `good ${name}` });
      web.liar.lie("sgp", `/kept/${name}.bin`, { body: `evil ${name}` });
    }
    const cwd = await listed(...names.map((name) => web.url(`/kept/${name}.bin`)));
    const seen = await verify(proxied, ["-i", "list", "--keep-evidence", "kept", "--json"], cwd);
    expect(seen.code).toBe(10);
    const notices = new Set(objectsOf(seen).flatMap((each) => each.notices));
    expect([...notices]).toEqual([expect.stringMatching(/^what the workers were given is in .*kept$/)]);
    expect(await readdir(join(cwd, "kept/sgp"))).toHaveLength(names.length);
  });
});

describe("a list goes on", () => {
  test("from a layout that is whole, and not from one that was changed", async () => {
    const cwd = await listed(`${registry.host}/lab/app:v1`, web.url("/nowhere/x"));
    const flags = ["-i", "list", "-o", "out", "--json"];
    expect(objectsOf(await verify(plain, flags, cwd)).map(({ outcome }) => outcome)).toEqual(["agreed", "absent"]);
    const whole = await verify(plain, flags, cwd);
    expect(whole.stderr).toContain("1 verdict of the run before stands");
    expect(objectsOf(whole)[0]).toMatchObject({ outcome: "agreed", releaseError: null });
    const changes = [
      "printf evil > $(ls blobs/sha256/* | head -n 1)",
      "rm $(ls blobs/sha256/* | tail -n 1)",
      "touch more",
      `sed -i s/sha256:..../sha256:0000/ index.json`,
      "sed -i s/1.0.0/1.0.1/ oci-layout",
    ];
    await runCommand(["cp", "-a", "out/app-v1", "kept"], { cwd });
    for (const change of changes) {
      await runCommand(["sh", "-c", `chmod -R u+w . && ${change}`], { cwd: join(cwd, "out/app-v1") });
      const seen = await verify(plain, flags, cwd);
      expect(seen.code, change).toBe(1);
      expect(objectsOf(seen)[0], change).toMatchObject({ released: null, releaseError: { code: "E_DESTINATION" } });
      await runCommand(["sh", "-c", "rm -r out/app-v1 && cp -a kept out/app-v1"], { cwd });
    }
  });
});

describe("no two of a list get one name, not even with --force", () => {
  test.each([[["--force"]], [[]]])("images %j", async (force) => {
    const cwd = await listed(`${registry.host}/lab/app:v1`, `${registry.host}/other/app:v1`);
    const seen = await verify(plain, ["-i", "list", "-o", "out", "--json", ...force], cwd);
    expect(seen.code).toBe(1);
    const ends = objectsOf(seen).map(({ released, releaseError }) => [
      released?.path.split("/").at(-1),
      releaseError?.code,
    ]);
    expect(ends.map(String).sort()).toEqual([",E_DESTINATION", "app-v1,"]);
    const kept = objectsOf(seen).find(({ released }) => released !== null)?.artifact?.digest ?? "none";
    expect(await readFile(join(cwd, "out/app-v1/index.json"), "utf8")).toContain(kept);
  });

  test("files, one of which its server names, and none is named as the list's own are", async () => {
    const named = (name: string) => ({ headers: { "Content-Disposition": `attachment; filename=${name}` } });
    web.liar.answer("/first/download", { body: "first", ...named("twin.bin") });
    web.liar.answer("/second/slow.bin", { body: "second-bytes", delayMs: 3000 });
    web.liar.answer("/third/download", { body: "evil sums", ...named("sha256sums") });
    const cwd = await listed(
      web.url("/first/download"),
      `${web.url("/second/slow.bin")} -o twin.bin`,
      web.url("/third/download"),
    );
    const loose = await stage.configure({
      liar: web.liar,
      limits: { ...SHORT, idleSeconds: 10 },
      config: {
        local: { proxy: web.liar.proxyOf("here") },
        others: { registries: { [web.host]: { caFile: web.caFile } } },
      },
    });
    const seen = await verify(loose, ["-i", "list", "-o", "out", "--force", "--json"], cwd);
    expect(seen.code).toBe(1);
    expect(objectsOf(seen).map(({ outcome, releaseError }) => [outcome, releaseError?.code ?? null])).toEqual([
      ["agreed", null],
      ["agreed", "E_DESTINATION"],
      ["agreed", "E_DESTINATION"],
    ]);
    expect((await readdir(join(cwd, "out"))).sort()).toEqual(["SHA256SUMS", "twin.bin"]);
    expect(await readFile(join(cwd, "out/twin.bin"), "utf8")).toBe("first");
    expect(await runCommand(["sha256sum", "-c", "SHA256SUMS"], { cwd: join(cwd, "out") })).toMatchObject({ code: 0 });
  });
});

test("a host that is slow does not hold up the others of a list", async () => {
  const slow = Array.from({ length: 8 }, (_, at) => `/drip/${at}.bin`);
  for (const path of slow) web.liar.answer(path, { body: "x".repeat(1800), drip: { bytes: 300, everyMs: 1000 } });
  const cwd = await listed(...slow.map((path) => web.url(path)), `${registry.host}/lab/app:v1`);
  const seen = await verify(plain, ["-i", "list"], cwd);
  expect(seen.stderr).toMatch(/^tofu3: 1 of 9: agreed: .*\/lab\/app:v1$/m);
});
