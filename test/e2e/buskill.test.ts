import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { run, runCommand } from "../lab/cli.ts";
import { pushBottleIndex, type Bottle } from "../lab/bottles.ts";
import { startRegistry, type Registry } from "../lab/registry.ts";
import { useLab } from "../lab/uselab.ts";
import { startWeb, type Web } from "../lab/web.ts";
import { startStage, type Stage } from "./stage.ts";

/**
 * What the dependencies of one real application are, by kind: 114 downloads that people checked by hand, three times.
 * https://github.com/BusKill/buskill-app-deps
 */
const FILES: Readonly<Record<string, number>> = {
  whl: 41,
  json: 16,
  rb: 15,
  asc: 10,
  AppImage: 4,
  pkg: 2,
  "tar.gz": 2,
  exe: 1,
};
const FORMULAE = 8;
const BOTTLES = 23;

const lab = useLab();
let stage: Stage;
let web: Web;
let registry: Registry;

beforeAll(async () => {
  [stage, registry] = await Promise.all([lab(startStage()), lab(startRegistry())]);
  web = await lab(startWeb(stage.folder));
});

function hexOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** A line for each file, pins on some of them, as in a real list. */
function fileLines(): string[] {
  return Object.entries(FILES).flatMap(([ending, count]) => [
    `# ${ending}`,
    ...Array.from({ length: count }, (_, at) => {
      const [name, body] = [`dep-${at + 1}.${ending}`, `${ending} ${at + 1}\n`];
      web.liar.answer(`/deps/${name}`, { body });
      return `${web.url(`/deps/${name}`)}${at % 3 === 0 ? `#sha256=${hexOf(body)}` : ""}`;
    }),
  ]);
}

async function bottleLines(): Promise<string[]> {
  const bottles = ["arm64_sonoma", "sonoma", "big_sur"].map((tag, at): Bottle => {
    return {
      tag,
      platform: { architecture: at === 0 ? "arm64" : "amd64", os: "darwin", "os.version": `macOS 1${at + 1}` },
    };
  });
  const lines: string[] = [];
  for (let at = 1; at <= FORMULAE; at += 1) {
    const { reference } = await pushBottleIndex(registry, { formula: `dep${at}`, version: `1.${at}`, bottles });
    lines.push(...bottles.map(({ tag }) => `${reference} --bottle ${tag}`));
  }
  return lines.slice(0, BOTTLES);
}

test("a list of 114 downloads is one command", async () => {
  const cwd = await stage.room();
  const lines = [...fileLines(), "# bottles", ...(await bottleLines())];
  await writeFile(join(cwd, "list"), `${lines.join("\n")}\n`);
  const config = await stage.configure({ config: { others: { registries: { [web.host]: { caFile: web.caFile } } } } });
  const args = ["verify", "-i", "list", "-o", "deps", "--config", config];
  const { code, stdout, stderr } = await run(args, { cwd, env: { HOME: stage.home }, timeoutMs: 400_000 });
  expect({ code, end: stdout.trimEnd().split("\n").at(-1) }).toEqual({
    code: 0,
    end: `114 subjects: 114 agreed; ${join(cwd, "deps/SHA256SUMS")} names 114 files`,
  });
  expect(stderr).toContain("tofu3: 114 of 114: agreed");
  const sums = (await readFile(join(cwd, "deps/SHA256SUMS"), "utf8")).trimEnd().split("\n");
  expect(sums).toHaveLength(114);
  expect(sums).toEqual(sums.toSorted((a, b) => (a.slice(66) < b.slice(66) ? -1 : 1)));
  expect(await readdir(join(cwd, "deps"))).toHaveLength(115);
  expect(
    await runCommand(["sha256sum", "-c", "--strict", "--quiet", "SHA256SUMS"], { cwd: join(cwd, "deps") }),
  ).toMatchObject({ code: 0, stdout: "" });
});
