import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/argv/usage.ts";
import { runTool } from "../lab/processes.ts";
import { manPages } from "./roff.ts";

const ROOT = join(import.meta.dirname, "../..");
const FOLDER = join(ROOT, "docs/man");
const PAGES = manPages();

beforeAll(() => {
  if (process.env["UPDATE_DOCS"] !== "1") return;
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER);
  for (const [file, text] of PAGES) writeFileSync(join(FOLDER, file), text);
});

test("docs/man has a page for each command and no other, and package.json installs them", () => {
  const wanted = ["tofu3.1", "tofu3.yaml.5", ...COMMANDS.map(({ name }) => `tofu3-${name.replaceAll(" ", "-")}.1`)];
  expect(readdirSync(FOLDER).sort()).toEqual(wanted.sort());
  const { man } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { man: string[] };
  expect(man).toEqual(wanted.map((file) => `docs/man/${file}`));
});

describe.each(PAGES)("docs/man/%s", (file, text) => {
  const path = join(FOLDER, file);

  test("is what the source says (UPDATE_DOCS=1 writes it)", () => {
    expect(readFileSync(path, "utf8")).toBe(text);
  });

  test("is accepted by mandoc, groff and man without a warning", async () => {
    // there is no date in it: every build gives the same bytes
    const lint = await runTool("sh", [
      "-c",
      `mandoc -T lint -W warning '${path}' 2>&1 | grep -v 'missing date' || true`,
    ]);
    expect(lint).toBe("");
    expect(await runTool("sh", ["-c", `groff -man -Tutf8 -ww -z '${path}' 2>&1`])).toBe("");
    const shown = await runTool("sh", ["-c", `man --warnings -l '${path}' 2>&1 | col -b`], {
      env: { ...process.env, MANWIDTH: "100", LC_ALL: "C.UTF-8", PAGER: "cat" },
    });
    expect(shown).not.toMatch(/troff:|mandoc:|<standard input>|^man: /m);
    expect(shown).toContain("SEE ALSO");
  });
});

test("a page has all of what --help has", async () => {
  for (const { name, flags, exits, examples } of COMMANDS) {
    const path = join(FOLDER, `tofu3-${name.replaceAll(" ", "-")}.1`);
    const text = await runTool("sh", ["-c", `mandoc -T utf8 -O width=1000 '${path}' | col -b`]);
    for (const flag of flags) expect(text).toContain(`--${flag.name}`);
    for (const { code } of exits) expect(text).toMatch(new RegExp(`^ *${code}\\b`, "m"));
    for (const [command] of examples) expect(text).toContain(command);
  }
});
