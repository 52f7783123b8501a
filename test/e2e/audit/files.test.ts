import { createHash } from "node:crypto";
import { beforeAll, expect, test } from "vitest";
import { run } from "../../lab/cli.ts";
import { useLab } from "../../lab/uselab.ts";
import { startWeb, type Web } from "../../lab/web.ts";
import { startStage, type Stage } from "../stage.ts";
import { kindsIn } from "./ground.ts";
import { auditWeb, type AuditedWeb } from "./webground.ts";

/** URLs with checksums in files of a tree, asked of a real https server by three vantages. */

const lab = useLab();
let stage: Stage;
let web: Web;

beforeAll(async () => {
  stage = await lab(startStage());
  web = await lab(startWeb(stage.folder, { vantages: ["here", "fra", "sgp"] }));
});

function hexOf(path: string): string {
  const bytes = web.files[path];
  if (bytes === undefined) throw new Error(`the lab has no ${path}`);
  return createHash("sha256").update(bytes).digest("hex");
}

const audit = (files: Readonly<Record<string, string>>, flags?: readonly string[]): Promise<AuditedWeb> =>
  auditWeb({ stage, web }, files, flags);

const [TOOL, WHEEL, APP, NONE] = [
  "/plain/tool-1.0.tar.gz",
  "/plain/tool%2B1.0.whl",
  "/latest/download/app.bin",
  "/none",
];

test("three kinds of files, true to their checksums: nothing to find, and the ledger knows them", async () => {
  const [tool, wheel, app] = [hexOf(TOOL), hexOf(WHEEL), hexOf(APP)];
  const {
    code,
    audit: seen,
    state,
    config,
  } = await audit({
    Dockerfile: `FROM scratch\nADD --checksum=sha256:${tool} ${web.url(TOOL)} /tool\n`,
    "requirements.txt": `tool @ ${web.url(WHEEL)}?key=SECRET \\\n  --hash=sha256:${wheel}\ntool2 @ ${web.url(WHEEL)}#sha256=${wheel}\n`,
    "Formula/tool.rb": `class Tool < Formula\n  url "${web.url(TOOL)}"\n  sha256 "${tool}"\n  resource "app" do\n    url "${web.url(APP)}"\n    sha256 "${app}"\n  end\nend\n`,
  });
  const hash = createHash("sha256").update("?key=SECRET").digest("hex").slice(0, 16);
  const subjects = seen.subjects.map(({ reference, digest, outcome }) => `${outcome} ${reference} ${String(digest)}`);
  expect(subjects).toEqual([
    `agreed ${web.url(APP)}#sha256=${app} sha256:${app}`,
    `agreed ${web.url(WHEEL)}#sha256=${wheel} sha256:${wheel}`,
    `agreed ${web.url(WHEEL)}?hash=${hash}#sha256=${wheel} sha256:${wheel}`,
    `agreed ${web.url(TOOL)}#sha256=${tool} sha256:${tool}`,
  ]);
  expect(JSON.stringify(seen)).not.toContain("SECRET");
  expect(seen.findings).toEqual([]);
  expect(code).toBe(0);
  const history = await run(["history", "--config", config], {
    cwd: state,
    env: { HOME: stage.home, XDG_STATE_HOME: state },
  });
  expect(history.stdout).toContain(web.url(APP));
});

test("one vantage is lied to, all get other bytes, and nothing is there: each is what it is, at its place", async () => {
  web.lieAboutArchive("sgp");
  const archive = "/OWNER/REPO/archive/refs/tags/v1.tar.gz";
  const { code, audit: seen } = await audit({
    Dockerfile: [
      "FROM scratch",
      "# tofu3: ignore disagreed no",
      `ADD --checksum=sha256:${hexOf(archive)} ${web.url(archive)} /a`,
      `ADD --checksum=sha256:${hexOf(APP)} ${web.url(TOOL)} /b`,
      `ADD --checksum=sha256:${hexOf(APP)} ${web.url(NONE)} /c`,
      `ADD --checksum=sha256:${hexOf(APP)} http://e.example/ /d`,
      "",
    ].join("\n"),
  });
  expect(code).toBe(20);
  expect(kindsIn(seen)).toEqual([
    `disagreed ${web.url(archive)}#sha256=${hexOf(archive)}`,
    `pin-gone ${web.url(NONE)}#sha256=${hexOf(APP)}`,
    `pin-gone ${web.url(TOOL)}#sha256=${hexOf(APP)}`,
    "unresolved http://e.example/",
  ]);
  expect(seen.findings.flatMap(({ places }) => places.map(({ line, column }) => `${line}:${column}`))).toEqual([
    "3:88",
    "5:88",
    "4:88",
    "6:88",
  ]);
});

test("a stranger's tree does not make anybody look into the own network", async () => {
  const { code, audit: seen } = await audit({ "requirements.txt": `${web.url(TOOL)}#sha256=${hexOf(TOOL)}\n` }, []);
  expect(code).toBe(21);
  expect(seen.subjects).toMatchObject([{ outcome: "unasked", digest: null }]);
  expect(seen.findings).toMatchObject([
    { kind: "unreachable", message: expect.stringContaining("--allow-private") as string },
  ]);
});
