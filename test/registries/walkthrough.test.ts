import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { PROGRAM } from "../lab/cli.ts";
import { runTool } from "../lab/processes.ts";
import { useLab } from "../lab/uselab.ts";
import { openSeeds, SEED_HOSTS } from "./seeds.ts";
import { startWorld } from "./world.ts";

const PAGE = join(import.meta.dirname, "../../docs/walkthrough.md");
const BLOCK = /^```console\n(.*?)^```$/gms;
const HOME = "/home/you";

const lab = useLab();
const world = await lab(startWorld([...SEED_HOSTS, "github.com"]));
openSeeds(world.liar);
openReleases();

const bin = join(world.folder, "bin");
const cwd = join(world.folder, "you");
mkdirSync(bin);
mkdirSync(cwd);
writeFileSync(join(bin, "tofu3"), `#!/bin/sh\nexec '${process.execPath}' '${PROGRAM}' "$@"\n`);
chmodSync(join(bin, "tofu3"), 0o755);

/** A release on GitHub as it is served: assets behind signed URLs, and the checksums that the publisher signs. */
function openReleases(): void {
  const [release, name] = ["/BusKill/buskill-app/releases/download/v0.7.0", "buskill-v0.7.0-x86_64.AppImage"];
  const app = Buffer.from("made up, and not the real one\n".repeat(4000));
  const sums = `${createHash("sha256").update(app).digest("hex")}  ${name}\n`;
  const at = (path: string): string => `http://github.com${path}`;
  world.liar.answer(at(`${release}/${name}`), { status: 302, headers: { Location: "/storage/1?sig=secret" } });
  world.liar.answer(at("/storage/1?sig=secret"), { body: app });
  world.liar.answer(at(`${release}/SHA256SUMS`), { body: sums });
  world.liar.answer(at(`${release}/SHA256SUMS.asc`), { body: "-----BEGIN PGP SIGNATURE-----\n" });
}

/** The commands of one block with what each prints on stdout, one shell for all of them. */
async function play(commands: readonly string[]): Promise<readonly string[]> {
  const script = commands.map((command) => `printf '\\0'; (exit $last); ${command}\nlast=$?`).join("\n");
  const env = { PATH: `${bin}:${process.env["PATH"] ?? ""}`, HOME: cwd, TOFU3_CONFIG: world.config, LC_ALL: "C" };
  const said = await runTool("sh", ["-c", `last=0\n${script}\nexit 0`], { cwd, env });
  return said.split("\0").slice(1);
}

async function replay(block: string): Promise<string> {
  const commands = block.split("\n").flatMap((line) => (line.startsWith("$ ") ? [line.slice(2)] : []));
  const outputs = await play(commands);
  return commands
    .map((command, place) => `$ ${command}\n${wholeLines(outputs[place] ?? "").replaceAll(cwd, HOME)}`)
    .join("");
}

function wholeLines(text: string): string {
  return text === "" || text.endsWith("\n") ? text : `${text}\n`;
}

/**
 * Another day has another date. Another zlib makes other bytes of the same layers; how far workers come before they are stopped is not always the
 * same.
 */
function comparable(text: string): string {
  const known = text.replace(/[0-9a-f]{12,}/g, "#").replace(/\b\d{4}-\d\d-\d\d\b/g, "DAY");
  if (!known.includes("DISAGREED")) return known;
  return known.replace(/^((?:fra|here|sgp) .*#…).*$/gm, "$1").replace(/^WORKER .*$/gm, "WORKER");
}

test("docs/walkthrough.md: every command prints what the page says", { timeout: 240_000 }, async () => {
  const page = readFileSync(PAGE, "utf8");
  const blocks = [...page.matchAll(BLOCK)].map(([, block = ""]) => block);
  expect(blocks.length).toBeGreaterThan(10);
  const played: string[] = [];
  for (const block of blocks) played.push(await replay(block));
  if (process.env["UPDATE_DOCS"] === "1") {
    const now = [...played];
    writeFileSync(
      PAGE,
      page.replace(BLOCK, () => `\`\`\`console\n${now.shift() ?? ""}\`\`\``),
    );
  } else expect(played.map(comparable)).toEqual(blocks.map(comparable));
});
