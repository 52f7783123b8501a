import { execFileSync } from "node:child_process";
import { mkdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { run } from "../../lab/cli.ts";
import type { LabConfig } from "../../lab/config.ts";
import { startLiar, type Answer, type Liar } from "../../lab/liar.ts";
import { pushDocument, pushExactly } from "../../lab/push.ts";
import { makeIndex } from "../../lab/image.ts";
import { fixedImage } from "../diagnosis/images.ts";
import { auditOf, kindsIn, runIn, writeTree } from "./ground.ts";
import { useWorld } from "./world.ts";

/** How an audit treats registries, interruptions, strangers and their trees. */

const world = useWorld();
const [first, second] = await Promise.all([fixedImage(["first"]), fixedImage(["second"])]);

function listOf(references: readonly string[]): string {
  return references.map((each) => `${each}\n`).join("");
}

/** A registry that has `a/b:0`, `a/b:1`, … for whoever asks. */
async function startShop(count: number, headers: Readonly<Record<string, string>> = {}): Promise<Liar> {
  const shop = await world().lab(startLiar());
  const answer = { headers: { "Content-Type": first.manifest.mediaType, ...headers }, body: first.manifest.bytes };
  for (let at = 0; at < count; at++) shop.answer(`/v2/a/b/manifests/${at}`, answer);
  return shop;
}

/** The vantages ask the shop directly: nothing stands in the way. */
function direct(): Partial<LabConfig> {
  const { fra, sgp } = world().stage;
  return {
    local: {},
    workers: [
      { name: "fra", vm: fra },
      { name: "sgp", vm: sgp },
    ],
  };
}

describe("the ledger", () => {
  test("remembers every reference, and a tag that moved since is told", async () => {
    const { registry, stage } = world();
    const state = await stage.room();
    await pushExactly(registry, "lab/changed", "1", first);
    const folder = await writeTree(world(), { Dockerfile: `FROM ${registry.host}/lab/changed:1\n` });
    expect(kindsIn((await auditOf(world(), folder, { state })).audit)).toEqual([
      `unpinned ${registry.host}/lab/changed:1`,
    ]);
    await pushExactly(registry, "lab/changed", "1", second);
    expect(kindsIn((await auditOf(world(), folder, { state })).audit)).toEqual([
      `changed-since-ledger ${registry.host}/lab/changed:1`,
      `unpinned ${registry.host}/lab/changed:1`,
    ]);
    const { stdout, code } = await runIn(world(), ["history", "--check"], folder, { state });
    expect([code, stdout]).toEqual([0, expect.stringContaining("2 entries hold")]);
  });

  test("an index that only grew since is information, with what was added", async () => {
    const { registry, stage } = world();
    const state = await stage.room();
    const entry = { manifest: first.manifest, platform: { os: "linux", architecture: "amd64" } };
    const added = { manifest: second.manifest, platform: { os: "linux", architecture: "riscv64" } };
    for (const image of [first, second]) await pushExactly(registry, "lab/growing", null, image);
    await pushDocument(registry, "lab/growing", "1", makeIndex([entry]));
    const folder = await writeTree(world(), { "images.txt": `${registry.host}/lab/growing:1\n` });
    await auditOf(world(), folder, { state });
    await pushDocument(registry, "lab/growing", "1", makeIndex([entry, added]));
    const { audit } = await auditOf(world(), folder, { state, flags: ["--fail-on", "changed-since-ledger"] });
    expect(kindsIn(audit)).toEqual([`grew ${registry.host}/lab/growing:1`, `unpinned ${registry.host}/lab/growing:1`]);
    expect(audit.findings.find(({ kind }) => kind === "grew")?.message).toContain("linux/riscv64");
    expect(audit.outcome).toBe("clean");
  });

  test("that is broken is an error, and no finding is lost", async () => {
    const { stage, known } = world();
    const state = await stage.room();
    await mkdir(join(state, "tofu3"));
    await writeFile(join(state, "tofu3/ledger.jsonl"), "this is no ledger\n");
    const folder = await writeTree(world(), { "images.txt": `${known.get("fine")?.text ?? ""}\n` });
    const seen = await auditOf(world(), folder, { state });
    expect(seen.code).toBe(1);
    expect(seen.stderr).toMatch(/error: .*ledger/);
    expect(seen.audit.subjects).toMatchObject([{ outcome: "agreed" }]);
    expect(await readFile(join(state, "tofu3/ledger.jsonl"), "utf8")).toBe("this is no ledger\n");
  });
});

describe("an interrupted audit", () => {
  test("goes on where it was, and asks nothing twice", async () => {
    const { stage } = world();
    const shop = await startShop(30);
    const state = await stage.room();
    let open: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const honest = { headers: { "Content-Type": first.manifest.mediaType }, body: first.manifest.bytes };
    // at a registry of its own: one curl on a VM answers for all that it was given
    const slow = await world().lab(startLiar());
    slow.answer("/v2/a/b/manifests/1", () => gate.then(() => honest));
    const folder = await writeTree(world(), {
      "images.txt": listOf([`${slow.host}/a/b:1`, ...Array.from({ length: 30 }, (_, at) => `${shop.host}/a/b:${at}`)]),
    });
    const asked = (tag: number): number =>
      shop.requests.filter(({ target }) => target === `/v2/a/b/manifests/${tag}`).length;
    const ledger = join(state, "tofu3/ledger.jsonl");
    const entered = async (): Promise<number> =>
      (await readFile(ledger, "utf8").catch(() => "")).split("\n").length - 1;
    const interrupt = async (pid: number): Promise<void> => {
      while ((await entered()) < 30) await sleep(50);
      process.kill(pid, "SIGINT");
    };
    const stopped = await auditOf(world(), folder, {
      state,
      config: direct(),
      options: { onStart: (pid) => void interrupt(pid) },
    });
    expect(stopped.code).toBe(130);
    expect(JSON.parse(stopped.stdout)).toMatchObject({ outcome: null, error: { code: "E_INTERRUPTED" } });
    open();
    const again = await auditOf(world(), folder, { state, config: direct() });
    expect(again.code).toBe(20);
    expect(again.stderr).toMatch(/carrying on an audit that was interrupted: 30 answers/);
    expect(again.audit.subjects).toHaveLength(31);
    expect(again.audit.subjects.every(({ outcome }) => outcome === "agreed")).toBe(true);
    expect(asked(3)).toBe(3);
    // done: nothing is carried on any more
    const third = await auditOf(world(), folder, { state, config: direct() });
    expect(third.stderr).not.toContain("carrying on");
    expect(asked(3)).toBe(6);
  });
});

describe("an interrupted audit whose ledger is broken", () => {
  test("leaves nothing behind that a later one would rely on", async () => {
    const { stage } = world();
    const state = await stage.room();
    const ledger = join(state, "tofu3/ledger.jsonl");
    await mkdir(join(state, "tofu3"));
    await writeFile(ledger, "this is no ledger\n");
    const shop = await startShop(1);
    const slow = await world().lab(startLiar());
    let isOpen = false;
    const honest = { headers: { "Content-Type": first.manifest.mediaType }, body: first.manifest.bytes };
    slow.answer("/v2/a/b/manifests/1", async () => {
      while (!isOpen) await sleep(50);
      return honest;
    });
    const folder = await writeTree(world(), { "images.txt": listOf([`${slow.host}/a/b:1`, `${shop.host}/a/b:0`]) });
    const interrupt = async (pid: number): Promise<void> => {
      while (shop.requests.length < 3) await sleep(50);
      await sleep(2000);
      process.kill(pid, "SIGINT");
    };
    const how = { state, config: direct() };
    const stopped = await auditOf(world(), folder, { ...how, options: { onStart: (pid) => void interrupt(pid) } });
    expect(stopped.code).toBe(130);
    isOpen = true;
    await rm(ledger);
    const again = await auditOf(world(), folder, how);
    expect(again.stderr).not.toContain("carrying on");
    expect((await readFile(ledger, "utf8")).split("\n")).toHaveLength(3);
  });
});

describe("a registry", () => {
  test("that answers 429 slows only its own references", async () => {
    const { known } = world();
    const busy = await world().lab(startLiar());
    busy.answer("/v2/a/b/manifests/1", { status: 429, headers: { "Retry-After": "120" } });
    busy.answer("/v2/a/b/manifests/2", { status: 429, headers: { "Retry-After": "120" } });
    const fine = known.get("fine")?.text ?? "";
    const folder = await writeTree(world(), {
      "images.txt": listOf([`${busy.host}/a/b:1`, `${busy.host}/a/b:2`, fine]),
    });
    const seen = await auditOf(world(), folder, { config: direct(), flags: ["--fail-on", "disagreed"] });
    expect(seen.ms).toBeLessThan(60_000);
    expect(seen.code).toBe(21);
    expect(seen.audit.outcome).toBe("unchecked");
    expect(kindsIn(seen.audit).filter((each) => each.startsWith("unreachable"))).toEqual([
      `unreachable ${busy.host}/a/b:1`,
      `unreachable ${busy.host}/a/b:2`,
    ]);
    expect(seen.audit.subjects.find(({ reference }) => reference === fine)).toMatchObject({ outcome: "agreed" });
    // one question told enough: three vantages asked once
    expect(busy.requests.length).toBeLessThanOrEqual(3);
  });

  test("that says how much it still allows is not asked for more, and the rest is unreachable", async () => {
    const shop = await world().lab(startLiar({ vantages: ["fra", "here", "sgp"] }));
    const left: Record<string, number> = { fra: 20, here: 24, sgp: 100 };
    const honest: Answer = ({ vantage }) => {
      const now = (left[vantage] ?? 0) - 1;
      left[vantage] = now;
      const headers = { "Content-Type": first.manifest.mediaType, "ratelimit-remaining": `${now};w=21600` };
      return { headers, body: first.manifest.bytes };
    };
    for (let at = 0; at < 40; at++) shop.answer(`/v2/a/b/manifests/${at}`, honest);
    const folder = await writeTree(world(), {
      "images.txt": listOf(Array.from({ length: 40 }, (_, at) => `${shop.host}/a/b:${at}`)),
    });
    const { audit } = await auditOf({ ...world(), liar: shop }, folder);
    const unreachable = audit.findings.filter(({ kind }) => kind === "unreachable");
    // ten are left for whoever else uses the address of fra
    expect(left).toEqual({ fra: 10, here: 14, sgp: 90 });
    expect(unreachable).toHaveLength(30);
    expect(unreachable[0]?.message).toMatch(/allows fra no more requests for now/);
  });

  test("at a private address is not asked without --allow-private, by whatever name", async () => {
    const { registry, liar } = world();
    const port = registry.host.split(":")[1] ?? "";
    const names = ["127.0.0.1", "localhost", "[::1]", "127.1", "169.254.169.254", "10.0.0.1"];
    const private_ = names.map((each) => `${each}:${port}/lab/fine:1.0`);
    const folder = await writeTree(world(), { "images.txt": listOf(private_) });
    const [before, through] = [registry.requests().length, liar.requests.length];
    const seen = await auditOf(world(), folder, { bare: true, flags: ["--json", "--fail-on", "disagreed"] });
    expect(seen.code).toBe(21);
    const unreachable = seen.audit.findings.filter(({ kind }) => kind === "unreachable");
    expect(unreachable).toHaveLength(private_.length);
    for (const { message } of unreachable) expect(message).toMatch(/not a public address.*--allow-private/);
    expect([registry.requests().length, liar.requests.length]).toEqual([before, through]);
  });

  test("gets no credentials but its own", async () => {
    const { stage } = world();
    const shop = await startShop(1);
    const file = join(await stage.room(), "config.json");
    const auth = Buffer.from("user:hunter2").toString("base64");
    await writeFile(file, JSON.stringify({ auths: { "ghcr.io": { auth }, "127.0.0.1": { auth } } }));
    const folder = await writeTree(world(), { "images.txt": `${shop.host}/a/b:0\n` });
    const seen = await auditOf(world(), folder, { config: direct(), flags: ["--authfile", file] });
    expect(seen.audit.subjects).toMatchObject([{ outcome: "agreed" }]);
    expect(shop.requests.flatMap(({ headers }) => JSON.stringify(headers).match(/authorization/i) ?? [])).toEqual([]);
  });
});

describe("what is left out", () => {
  test("by a comment is told apart, and disagreed stays whatever the tree says", async () => {
    const { known } = world();
    const [split, tag] = [known.get("split"), known.get("tag")];
    const folder = await writeTree(world(), {
      "images.txt": `${tag?.text ?? ""} # tofu3: ignore unpinned we build it ourselves\n# tofu3: ignore disagreed,mislabelled trust me\n${split?.text ?? ""}\n`,
    });
    const seen = await auditOf(world(), folder);
    expect(kindsIn(seen.audit)).toEqual([`disagreed ${split?.reference ?? ""}`]);
    expect(seen.audit.suppressed).toMatchObject([
      { by: "comment", reason: "we build it ourselves", finding: { kind: "unpinned", fails: false } },
    ]);
    expect(seen.code).toBe(20);
    const strict = await auditOf(world(), folder, { flags: ["--no-ignore"] });
    expect(kindsIn(strict.audit)).toEqual([`disagreed ${split?.reference ?? ""}`, `unpinned ${tag?.reference ?? ""}`]);
  });

  test("by a baseline, which is an earlier audit, is not found again; what is new is", async () => {
    const { known } = world();
    const line = (name: string): string => `${known.get(name)?.text ?? ""}\n`;
    const folder = await writeTree(world(), { "images.txt": line("tag") + line("split") });
    const before = await auditOf(world(), folder);
    await writeFile(join(folder, "baseline.json"), before.stdout);
    await writeFile(join(folder, "images.txt"), line("fine") + line("tag") + line("split") + line("hollow"));
    const { audit } = await auditOf(world(), folder, { flags: ["--baseline", "baseline.json"] });
    expect(kindsIn(audit)).toEqual([
      `disagreed ${known.get("split")?.reference ?? ""}`,
      `hollow-index ${known.get("hollow")?.reference ?? ""}`,
    ]);
    expect(audit.suppressed.map(({ by, finding }) => `${by} ${finding.kind}`)).toEqual(["baseline unpinned"]);
  });

  test("stale pins inform unless they are asked for", async () => {
    const folder = await writeTree(world(), { "images.txt": `${world().known.get("stale")?.text ?? ""}\n` });
    expect((await auditOf(world(), folder)).code).toBe(0);
    expect((await auditOf(world(), folder, { flags: ["--fail-on", "stale-pin"] })).code).toBe(20);
  });
});

describe("a bottle", () => {
  test("for which one vantage is given other bytes is the alarm, whatever it says to HEAD", async () => {
    const { liar, names, registry } = world();
    const hex = names.texts.get("oldbottlehex") ?? "";
    const folder = await writeTree(world(), {
      "vim.rb": `class Vim < Formula\n  version "9.1.0"\n  bottle do\n    root_url "https://${registry.host}/v2/homebrew/core"\n    sha256 all: "${hex}"\n  end\nend\n`,
    });
    const lie: Answer = ({ method }) => (method === "HEAD" ? { status: 404 } : { body: "something else" });
    liar.lie("sgp", `/v2/homebrew/core/vim/blobs/sha256:${hex}`, lie);
    const { audit } = await auditOf(world(), folder);
    expect(audit.findings.map(({ kind }) => kind)).toContain("disagreed");
    expect(audit.subjects).toMatchObject([{ outcome: "disagreed" }]);
  });
});

describe("a hostile tree", () => {
  test("is read without following, hanging or printing what it says", async () => {
    const { known, stage } = world();
    const outside = join(await stage.room(), "Dockerfile");
    await writeFile(outside, `FROM ${known.get("latest")?.text ?? ""}\n`);
    const evil = "a\nb\u001b[31m";
    const folder = await writeTree(world(), {
      [`${evil}/Dockerfile`]: `FROM ${known.get("tag")?.text ?? ""}\n`,
      "cycle/Dockerfile": "ARG A=${B}\nARG B=${A}\nFROM $A\n",
      "stages/Dockerfile": Array.from({ length: 100_000 }, (_, at) => `FROM scratch AS s${at}\n`).join(""),
      "bomb.yaml": `apiVersion: v1\nkind: Pod\na: &a [x,x,x,x,x,x,x,x,x]\n${"bcdefghijklmnop"
        .split("")
        .map(
          (each, at) =>
            `${each}: &${each} [${Array(9)
              .fill(`*${"abcdefghijklmno"[at] ?? "a"}`)
              .join(",")}]`,
        )
        .join("\n")}\n`,
      "compose.yaml": "services:\n  a:\n    image: 'x\u001b]0;title\u0007:1'\n",
    });
    await symlink(outside, join(folder, "Dockerfile"));
    await symlink("/", join(folder, "root"));
    execFileSync("mkfifo", [join(folder, "Containerfile")]);
    await writeFile(join(folder, "big.Dockerfile"), "");
    await truncate(join(folder, "big.Dockerfile"), 2 * 1024 ** 3);
    const seen = await auditOf(world(), folder);
    expect(kindsIn(seen.audit).filter((each) => !each.startsWith("unresolved"))).toEqual([
      `unpinned ${known.get("tag")?.reference ?? ""}`,
    ]);
    expect(seen.audit.unread.map(({ file }) => file)).toContain("big.Dockerfile");
    expect(seen.ms).toBeLessThan(30_000);
    const shown = await auditOf(world(), folder, { bare: true, flags: ["--allow-private", "--details"] });
    expect(shown.stdout + shown.stderr).not.toMatch(/[\u001b\u0007\u009b]/);
    expect(shown.stdout).toContain("\\u{1b}[31m");
  });

  test("with a configuration of its own is told of", async () => {
    const folder = await writeTree(world(), { "images.txt": `${world().known.get("fine")?.text ?? ""}\n` });
    const config = await world().stage.configure({});
    await writeFile(join(folder, "tofu3.yaml"), await readFile(config));
    expect((await auditOf(world(), folder)).stderr).not.toContain("is part of what is searched");
    const own = await run(["audit", "--allow-private"], { cwd: folder, env: { HOME: world().stage.home } });
    expect(own.stderr).toMatch(/notice: the configuration .*tofu3\.yaml" is part of what is searched/);
  });
});

describe("at the edges", () => {
  test("a list comes on standard input", async () => {
    const stdin = `${world().known.get("tag")?.text ?? ""}\n`;
    const folder = await world().stage.room();
    const seen = await auditOf(world(), folder, { flags: ["-"], options: { stdin } });
    expect(seen.audit.findings).toMatchObject([
      { kind: "unpinned", places: [{ file: "-", line: 1, column: 1, endColumn: stdin.length }] },
    ]);
  });

  test("nothing to ask for is clean, and asks nobody", async () => {
    const folder = await writeTree(world(), { "README.md": "FROM alpine\n" });
    const seen = await auditOf(world(), folder);
    expect(seen.code).toBe(0);
    expect(seen.audit).toMatchObject({ outcome: "clean", subjects: [], findings: [] });
  });

  test("a worker that cannot be reached makes everything unreachable, and says so once", async () => {
    const { stage, known } = world();
    const gone = { ...stage.sgp, port: 1 };
    const folder = await writeTree(world(), { "images.txt": `${known.get("tag")?.text ?? ""}\n` });
    const workers = [
      { name: "fra", vm: stage.fra },
      { name: "sgp", vm: gone },
    ];
    const seen = await auditOf(world(), folder, { config: { workers }, flags: ["--fail-on", "disagreed"] });
    expect(seen.code).toBe(21);
    expect(kindsIn(seen.audit)).toContain(`unreachable ${known.get("tag")?.reference ?? ""}`);
  });

  test("every VM is connected to once, however much is asked", async () => {
    const { stage } = world();
    const shop = await startShop(60);
    const logins = (): number =>
      [stage.fra, stage.sgp].map((vm) => (vm.log().match(/Accepted publickey/g) ?? []).length).reduce((a, b) => a + b);
    const before = logins();
    const folder = await writeTree(world(), {
      "images.txt": listOf(Array.from({ length: 60 }, (_, at) => `${shop.host}/a/b:${at}`)),
    });
    const { audit } = await auditOf(world(), folder, { config: direct() });
    expect(audit.subjects.every(({ outcome }) => outcome === "agreed")).toBe(true);
    expect(logins() - before).toBe(2);
  });

  test("each format goes to standard output alone, and each report to its file", async () => {
    const folder = await writeTree(world(), { "images.txt": `${world().known.get("tag")?.text ?? ""}\n` });
    const reports = [".json", ".sarif", ".xml", ".md", ".html"].flatMap((ending) => ["--report", `audit${ending}`]);
    const seen = await auditOf(world(), folder, {
      bare: true,
      flags: ["--allow-private", "--format", "github", ...reports],
    });
    expect(seen.stdout).toMatch(/^::warning file=images\.txt,line=1,/);
    expect((JSON.parse(await readFile(join(folder, "audit.sarif"), "utf8")) as { version: string }).version).toBe(
      "2.1.0",
    );
    expect(await readFile(join(folder, "audit.xml"), "utf8")).toMatch(/^<\?xml/);
    expect(await readFile(join(folder, "audit.html"), "utf8")).toMatch(/^<!doctype html>/i);
    expect(await readFile(join(folder, "audit.md"), "utf8")).toContain("unpinned");
    const table = await auditOf(world(), folder, { bare: true, flags: ["--allow-private"] });
    expect(table.stdout.split("\n").length).toBeLessThanOrEqual(24);
    expect(table.stdout).toMatch(/FINDINGS {2}1 finding in 1 of 1 reference/);
  });
});
