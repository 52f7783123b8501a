import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { run } from "../lab/cli.ts";
import { useLab } from "../lab/uselab.ts";
import { startWeb, type Web } from "../lab/web.ts";
import { breaches } from "./contract.ts";
import { SHORT, startStage, type Ask, type Stage, type Verified } from "./stage.ts";

const lab = useLab();
let stage: Stage;
let web: Web;

beforeAll(async () => {
  stage = await lab(startStage());
  web = await lab(startWeb(stage.folder, { vantages: ["here", "fra", "sgp"] }));
});

/** All three vantages ask the lab's server, each through a proxy of its own, so that it tells them apart. */
function verify(path: string, ask: Ask = {}, at?: string): Promise<Verified> {
  const config = {
    local: { proxy: web.liar.proxyOf("here") },
    ...ask.config,
    others: { registries: { [web.host]: { caFile: web.caFile } }, ...ask.config?.others },
  };
  const url = path.startsWith("/") ? web.url(path) : path;
  return stage.verify(url, { limits: SHORT, ...ask, liar: web.liar, config }, at);
}

function digestOf(path: string): string {
  return `sha256:${hexOf(path)}`;
}

function hexOf(path: string): string {
  const bytes = web.files[path];
  if (bytes === undefined) throw new Error(`the lab has no ${path}`);
  return createHash("sha256").update(bytes).digest("hex");
}

describe("three vantages agree on a file", () => {
  test.each([
    ["/plain/tool-1.0.tar.gz", "tool-1.0.tar.gz"],
    ["/plain/tool%2B1.0.whl", "tool+1.0.whl"],
    ["/chunked/unknown.bin", "unknown.bin"],
    ["/redirect/release.bin", "release.bin"],
    ["/page/index.html", "index.html"],
    ["/page/busy.zip", "busy.zip"],
    ["/latest/download/app.bin", "app.bin"],
    ["/digest/tool.bin", "tool.bin"],
    ["/project/named/download", "tool-named.zip"],
  ])("%s becomes %s in a folder", async (path, name) => {
    const cwd = await stage.room();
    const seen = await verify(path, { flags: ["-o", `${cwd}/`] }, cwd);
    expect(seen).toMatchObject({ code: 0 });
    expect(breaches(seen.stdout)).toEqual([]);
    const { artifact, outcome, released, request, observations } = seen.evidence;
    expect(outcome).toBe("agreed");
    expect(request.reference).toBe(web.url(path));
    expect(artifact).toMatchObject({ digest: digestOf(path), objects: [{ role: "file", parent: null }] });
    expect(observations.map(({ asked }) => asked)).toEqual(
      Array.from({ length: 3 }, () => ({
        url: web.url(path),
        pin: null,
        platform: null,
        osVersion: null,
        bottle: null,
      })),
    );
    expect(released).toEqual({ format: "file", path: join(cwd, name) });
    expect(await seen.left()).toEqual([name]);
    expect(await readFile(join(cwd, name))).toEqual(web.files[path]);
    expect(seen.stdout + seen.stderr).not.toContain("SECRET");
  });

  test("a folder and a URL without a name of its own: -o has to name it", async () => {
    const seen = await verify("/project/files/tool.zip/download", { flags: ["-o", "./"] });
    expect(seen).toMatchObject({ code: 1 });
    expect(seen.evidence).toMatchObject({ outcome: "agreed", released: null, releaseError: { code: "E_DESTINATION" } });
    expect(seen.evidence.releaseError?.hint).toContain("NAME");
    expect(await seen.left()).toEqual([]);
    const named = await verify("/project/files/tool.zip/download", { flags: ["-o", "tool.zip"] });
    expect(named).toMatchObject({ code: 0 });
    expect(await readFile(join(named.cwd, "tool.zip"))).toEqual(web.files["/project/files/tool.zip/download"]);
  });

  test("a person reads it in a table", async () => {
    const { stdout, code } = await verify("/plain/key.asc", { plain: true });
    expect(code).toBe(0);
    expect(stdout).toContain(web.url("/plain/key.asc"));
    expect(stdout).toMatch(/AGREED {2}3 of 3 workers saw sha256:[0-9a-f]{64} \(file, 1 object, /);
  });
});

describe("what is no file is no observation, even three times", () => {
  test.each([
    ["/page/tool.tar.gz", "a web page (text/html)"],
    ["/plain/empty.bin", "is empty: 0 bytes"],
  ])("%s", async (path, says) => {
    const seen = await verify(path, { flags: ["-o", "out"] });
    expect(seen).toMatchObject({ code: 12 });
    expect(breaches(seen.stdout)).toEqual([]);
    const { outcome, diagnosis, observations } = seen.evidence;
    expect(outcome).toBe("incomplete");
    expect(diagnosis).toMatchObject({ class: "not-content" });
    for (const { digest, objects, error } of observations) {
      expect({ digest, objects, code: error?.code }).toEqual({ digest: null, objects: [], code: "E_NOT_CONTENT" });
      expect(error?.message).toContain(says);
    }
    expect(await seen.left()).toEqual([]);
  });

  test("a page that calls itself a file is one at whoever can see how it begins", async () => {
    const seen = await verify("/page/challenge.AppImage", { flags: ["-o", "out"] });
    expect(seen).toMatchObject({ code: 12 });
    expect(seen.evidence.diagnosis).toMatchObject({ class: "not-content", confidence: "likely" });
    expect(await seen.left()).toEqual([]);
  });

  test("a challenge with a status of its own", async () => {
    const seen = await verify("/page/forbidden.zip");
    expect(seen).toMatchObject({ code: 12 });
    expect(seen.evidence.diagnosis).toMatchObject({ class: "not-content" });
    expect(seen.evidence.observations.map(({ error }) => error?.code)).toEqual(["E_DENIED", "E_DENIED", "E_DENIED"]);
  });

  test("a coding that would be undone on the way is named", async () => {
    const seen = await verify("/encoded/tool.tar.gz");
    expect(seen).toMatchObject({ code: 12 });
    expect(seen.evidence.diagnosis).toMatchObject({ class: "not-content" });
    for (const { error } of seen.evidence.observations)
      expect(error).toMatchObject({ code: "E_ENCODING", message: expect.stringContaining("gzip") as string });
  });

  test("a page that is what is wanted is pinned", async () => {
    const pinned = await verify("/page/tool.tar.gz", { flags: ["--sha256", hexOf("/page/tool.tar.gz")] });
    expect(pinned).toMatchObject({ code: 0 });
  });

  test("nothing there is absent", async () => {
    const seen = await verify("/nowhere/tool.zip");
    expect(seen).toMatchObject({ code: 16 });
    expect(seen.evidence.diagnosis?.explanation).toBe("every worker was told by the server that it does not exist");
  });
});

describe("redirects", () => {
  test("hosts are shown, queries never; each vantage may be sent elsewhere", async () => {
    const seen = await verify("/redirect/release.bin");
    const tos = seen.evidence.observations.flatMap(({ evidence }) => evidence.redirects.map(({ to }) => to));
    expect(new Set(tos).size).toBe(3);
    for (const to of tos) expect(to).toMatch(new RegExp(`^${web.origin}/storage/[0-9a-z]$`));
  });

  test.each([
    ["/redirect/loop", "E_REDIRECT"],
    ["/redirect/plain", "E_REDIRECT"],
  ])("%s", async (path, code) => {
    const seen = await verify(path);
    expect(seen).toMatchObject({ code: 12 });
    expect(seen.evidence.observations.map(({ error }) => error?.code)).toEqual([code, code, code]);
  });

  test("what a server repeats of a query is told nobody", async () => {
    const path = "/echo/tool.bin?token=SECRET-0123456789";
    const flags = ["--report", "r.html", "--report", "r.md", "--log-level", "debug"];
    const tells = async (answer: Parameters<Web["liar"]["answer"]>[1]) => {
      web.liar.answer(path, answer);
      const seen = await verify(path, { flags });
      const files = await Promise.all(["r.html", "r.md"].map((name) => readFile(join(seen.cwd, name), "utf8")));
      expect([seen.stdout, seen.stderr, ...files].join("\n")).not.toContain("0123456789");
      return seen;
    };
    const body = `nothing at ${path}`;
    expect(await tells({ status: 404, body })).toMatchObject({ code: 16 });
    expect(await tells({ headers: { "Content-Type": `text/html; x=${path}` }, body })).toMatchObject({ code: 12 });
    expect(await tells({ status: 302, headers: { Location: "//u:SECRET-0123456789@x:99999/" } })).toMatchObject({
      code: 12,
    });
    const headers = { ETag: '"SECRET-0123456789"', Warning: "299 - SECRET-01234567890", Via: `1.1 ${path}` };
    const agreed = await tells({ body: "x", headers });
    expect(agreed).toMatchObject({ code: 0 });
    expect(agreed.evidence.observations[0]?.evidence.headers).toContain("etag: [it repeats the query]");
  });

  test("the name that a signed URL asks for is no secret", async () => {
    const name = "a-long-name-0123456789.bin";
    const query = `response-content-disposition=attachment%3Bfilename%3D${name}&X-Amz-Signature=abc`;
    web.liar.answer("/signed/download", { status: 302, headers: { Location: `/signed/object?${query}` } });
    web.liar.answer(`/signed/object?${query}`, {
      body: "x",
      headers: { "Content-Disposition": `attachment;filename=${name}` },
    });
    const seen = await verify("/signed/download", { flags: ["-o", "./"] });
    expect(seen).toMatchObject({ code: 0 });
    expect(await seen.left()).toEqual([name]);
  });

  test("a query of the user's own is in no report, and is part of the question", async () => {
    const [one, other] = [await verify("/plain/key.asc?token=SECRET1"), await verify("/plain/key.asc?token=SECRET2")];
    expect(one).toMatchObject({ code: 0 });
    expect(one.stdout + one.stderr).not.toContain("SECRET");
    expect(breaches(one.stdout)).toEqual([]);
    expect(one.evidence.request.reference).toMatch(/\/plain\/key\.asc\?hash=[0-9a-f]{16}$/);
    expect(one.evidence.request.reference).not.toBe(other.evidence.request.reference);
    expect(web.liar.requests.map(({ target }) => target)).toContain("/plain/key.asc?token=SECRET1");
  });
});

describe("a body that is cut", () => {
  const resumed = ({ evidence }: Verified): (number | null)[] =>
    evidence.observations.flatMap(({ evidence: { retries } }) => retries.map(({ resumedAt }) => resumedAt));

  test("is resumed under a strong ETag", async () => {
    const seen = await verify("/cut/big.bin", { flags: ["-o", "big.bin"] });
    expect(seen).toMatchObject({ code: 0 });
    expect(resumed(seen)).toEqual([102_400, 102_400, 102_400]);
    expect(await readFile(join(seen.cwd, "big.bin"))).toEqual(web.files["/cut/big.bin"]);
  });

  test("is fetched anew under a weak one", async () => {
    const seen = await verify("/cut/weak.bin");
    expect(seen).toMatchObject({ code: 0 });
    expect(resumed(seen)).toEqual([null, null, null]);
    expect(seen.evidence.artifact?.digest).toBe(digestOf("/cut/weak.bin"));
  });

  test("goes to the original URL, whose signature has not expired", async () => {
    const seen = await verify("/cut/moved.bin");
    expect(seen).toMatchObject({ code: 0 });
    expect(resumed(seen)).toEqual([102_400, 102_400, 102_400]);
    expect(seen.evidence.artifact?.digest).toBe(digestOf("/cut/moved.bin"));
  });
});

describe("pins", () => {
  const WRONG = "0".repeat(64);
  const path = "/plain/key.asc";
  const base64 = (): string => Buffer.from(hexOf(path), "hex").toString("base64");

  test.each([
    ["#sha256=HEX", () => [`${web.url(path)}#sha256=${hexOf(path)}`]],
    ["--sha256", () => [path, "--sha256", hexOf(path).toUpperCase()]],
    ["--integrity", () => [path, "--integrity", `sha512-AAAA sha256-${base64()}`]],
    ["the same twice", () => [`${web.url(path)}#sha256=${hexOf(path)}`, "--sha256", hexOf(path)]],
  ])("%s that is right", async (_, asked) => {
    const [url = "", ...flags] = asked();
    const seen = await verify(url, { flags });
    expect(seen).toMatchObject({ code: 0 });
    expect(breaches(seen.stdout)).toEqual([]);
    expect(seen.evidence.observations[0]?.asked).toMatchObject({ pin: digestOf(path) });
  });

  test("another one is changed, and nothing is released", async () => {
    const seen = await verify(path, { flags: ["--sha256", WRONG, "-o", "key.asc"] });
    expect(seen).toMatchObject({ code: 15 });
    expect(breaches(seen.stdout)).toEqual([]);
    expect(seen.evidence).toMatchObject({ outcome: "changed", reason: { kind: "pin", pin: `sha256:${WRONG}` } });
    expect(seen.evidence.diagnosis?.explanation).toContain("the file was replaced, for everybody");
    expect(await seen.left()).toEqual([]);
  });

  test.each([
    [["--sha256", "abc"], "not a sha256"],
    [["--integrity", "sha384-AAAA"], "only sha256 counts"],
    [["--sha256", WRONG, "--integrity", `sha256-${"A".repeat(43)}=`], "exclude each other"],
  ])("%j is a mistake", async (flags, says) => {
    const seen = await verify(path, { flags });
    expect(seen).toMatchObject({ code: 2, stdout: "" });
    expect(seen.stderr).toContain(says);
  });

  test("two pins that differ are a mistake, and pins of an image as well", async () => {
    const two = await verify(`${web.url(path)}#sha256=${WRONG}`, { flags: ["--sha256", hexOf(path)] });
    expect(two).toMatchObject({ code: 2 });
    const image = await verify("localhost:5000/app:1", { flags: ["--sha256", WRONG] });
    expect(image).toMatchObject({ code: 2 });
    expect(image.stderr).toContain("@sha256:");
  });
});

describe("what is no URL of a file", () => {
  test.each([
    ["http://localhost/x", "write https://"],
    ["https://user:secret@localhost/x", "without credentials"],
    ["https://localhost/x#md5=abc", "only #sha256=HEX"],
    ["https://localhost/a b", "%20"],
    ["https:///x", "not a URL"],
    ["https://localhost:0/x", "port 0"],
  ])("%s", async (url, says) => {
    const seen = await stage.verify(url, { plain: true });
    expect(seen).toMatchObject({ code: 2, stdout: "" });
    expect(seen.stderr).toContain(says);
    expect(seen.stderr).not.toContain("secret");
  });

  test("a format of images, a platform, and a lock hold no file", async () => {
    const archive = await verify("/plain/key.asc", { flags: ["-o", "oci:x"] });
    expect(archive).toMatchObject({ code: 2 });
    expect(archive.stderr).toContain("a URL leads to one file");
    const platform = await verify("/plain/key.asc", { flags: ["--platform", "linux/amd64"] });
    expect(platform).toMatchObject({ code: 2 });
  });
});

describe("an alarm", () => {
  const evil = Buffer.from("another key\n");

  test("one vantage is served another file, every time", async () => {
    web.liar.lie("sgp", "/alarm/key.bin", { body: evil });
    web.liar.answer("/alarm/key.bin", { body: Buffer.from("the key\n") });
    const seen = await verify("/alarm/key.bin", { flags: ["-o", "key.bin", "--keep-evidence", "kept"] });
    expect(seen).toMatchObject({ code: 10 });
    expect(breaches(seen.stdout)).toEqual([]);
    expect(seen.evidence.diagnosis).toMatchObject({ class: "split-view", confidence: "likely" });
    expect(seen.evidence.diagnosis?.explanation).toContain("every time it was asked");
    expect(seen.evidence.differences).toMatchObject([{ at: "file" }]);
    expect(await seen.left()).toEqual(["kept"]);
  });

  test("other bytes at every look are dynamic", async () => {
    const seen = await verify("/dynamic/page.json");
    expect(seen).toMatchObject({ code: 10, evidence: { diagnosis: { class: "dynamic", confidence: "likely" } } });
    expect(breaches(seen.stdout)).toEqual([]);
  });

  test.each(["/latest/app.zip", "/api/formula.jws.json"])("a name that moves by design: %s", async (path) => {
    web.liar.lie("fra", path, { body: Buffer.from("new\n") });
    web.liar.answer(path, { body: Buffer.from("old\n") });
    const seen = await verify(path);
    expect(seen).toMatchObject({ code: 10, evidence: { diagnosis: { class: "dynamic", confidence: "possible" } } });
    expect(breaches(seen.stdout)).toEqual([]);
  });

  test("the same tar, compressed in two ways", async () => {
    web.lieAboutArchive("sgp");
    const seen = await verify("/OWNER/REPO/archive/refs/tags/v1.tar.gz");
    expect(seen).toMatchObject({ code: 10, evidence: { diagnosis: { class: "recompressed", confidence: "likely" } } });
    expect(breaches(seen.stdout)).toEqual([]);
  });
});

describe("checksum files", () => {
  const path = "/plain/key.asc";

  test("from a URL: all vantages fetch it, it is a pin, and shown beside the verdict", async () => {
    const seen = await verify(path, { flags: ["--sums", web.url("/plain/SHA256SUMS")] });
    expect(seen).toMatchObject({ code: 0 });
    expect(breaches(seen.stdout)).toEqual([]);
    const { witnesses, notices, observations } = seen.evidence;
    const source = web.url("/plain/SHA256SUMS");
    expect(witnesses).toEqual([
      { kind: "sums", source, digest: digestOf(path), workers: ["fra", "here", "sgp"], trouble: null },
    ]);
    expect(notices).toContain(`the checksum file ${source} says the same`);
    expect(observations.map(({ asked }) => "pin" in asked && asked.pin)).toEqual(Array(3).fill(digestOf(path)));
    for (const vantage of ["here", "fra", "sgp"])
      expect(web.liar.requests.map((each) => `${each.vantage} ${each.target}`)).toContain(
        `${vantage} /plain/SHA256SUMS`,
      );
  });

  test("one that names other bytes: changed, and nothing is released", async () => {
    web.liar.answer("/other/SHA256SUMS", { body: `${"0".repeat(64)} *key.asc\r\n` });
    web.liar.answer("/other/SHA256SUMS.asc", { body: "-----BEGIN PGP SIGNATURE-----\n" });
    const seen = await verify(path, { flags: ["--sums", web.url("/other/SHA256SUMS"), "-o", "key.asc"] });
    expect(seen).toMatchObject({ code: 15, evidence: { outcome: "changed" } });
    expect(breaches(seen.stdout)).toEqual([]);
    expect(seen.evidence.notices).toContain(
      `a signature stands beside it, ${web.url("/other/SHA256SUMS.asc")}: gpg --verify SHA256SUMS.asc SHA256SUMS checks it`,
    );
    expect(await seen.left()).toEqual([]);
  });

  test("one that one vantage is shown differently: the alarm is about it, and the file is not fetched", async () => {
    web.liar.answer("/split/SHA256SUMS", { body: `${hexOf(path)}  key.asc\n` });
    web.liar.lie("sgp", "/split/SHA256SUMS", { body: `${"1".repeat(64)}  key.asc\n` });
    const before = web.liar.requests.filter(({ target }) => target === path).length;
    const seen = await verify(path, { flags: ["--sums", web.url("/split/SHA256SUMS"), "-o", "key.asc"] });
    expect(seen).toMatchObject({ code: 10 });
    expect(breaches(seen.stdout)).toEqual([]);
    expect(seen.evidence.request.reference).toBe(web.url("/split/SHA256SUMS"));
    expect(seen.evidence.notices.join()).toContain(`${web.url(path)} was not fetched`);
    expect(web.liar.requests.filter(({ target }) => target === path)).toHaveLength(before);
    expect(await seen.left()).toEqual([]);
  });

  test("one that contradicts the pin: nobody knows which is right, and nothing is fetched", async () => {
    web.liar.answer("/contra/SHA256SUMS", { body: `${"1".repeat(64)}  key.asc\n` });
    const before = web.liar.requests.filter(({ target }) => target === path).length;
    const flags = ["--sha256", hexOf(path), "--sums", web.url("/contra/SHA256SUMS"), "-o", "key.asc"];
    const seen = await verify(path, { flags });
    expect(seen).toMatchObject({ code: 2 });
    expect(seen.stderr).toContain(`the pin that you gave says ${digestOf(path)}`);
    expect(web.liar.requests.filter(({ target }) => target === path)).toHaveLength(before);
    expect(await seen.left()).toEqual([]);
    const same = await verify(path, {
      flags: ["--sha256", hexOf(path), "--sums", web.url("/plain/SHA256SUMS")],
    });
    expect(same).toMatchObject({ code: 0 });
  });

  test("one that a worker is not given again is read at another, and one that none is given is no observation", async () => {
    const sums = { body: `${hexOf(path)}  key.asc\n` };
    const flags = ["--sums", web.url("/again/SHA256SUMS"), "-o", "key.asc"];
    web.liar.answer("/again/SHA256SUMS", sums);
    web.liar.lie("here", "/again/SHA256SUMS", sums, { status: 404, body: "gone" });
    expect(await verify(path, { flags })).toMatchObject({ code: 0 });
    const other = { body: `${"2".repeat(64)}  key.asc\n` };
    for (const vantage of ["here", "fra", "sgp"]) web.liar.lie(vantage, "/once/SHA256SUMS", sums, other);
    const seen = await verify(path, { flags: ["--sums", web.url("/once/SHA256SUMS"), "-o", "key.asc"] });
    expect(seen).toMatchObject({ code: 12 });
    expect(seen.stderr).toContain("none was given the same when it asked again: it has other bytes now");
    expect(await seen.left()).toEqual([]);
  });

  test("the time for it is its own", async () => {
    const late = { delayMs: 4000 };
    web.liar.answer("/late/SHA256SUMS", { body: `${hexOf(path)}  key.asc\n`, ...late });
    web.liar.answer("/late/key.asc", { body: web.files[path] ?? "", ...late });
    const flags = ["--sums", web.url("/late/SHA256SUMS"), "-o", "key.asc"];
    const seen = await verify("/late/key.asc", { flags, limits: { ...SHORT, idleSeconds: 8, totalSeconds: 7 } });
    expect(seen).toMatchObject({ code: 0, evidence: { releaseError: null } });
  });

  test("days are those of the file, and not of its checksum file", async () => {
    const flags = ["--sums", web.url("/plain/SHA256SUMS"), "--days", "3", "-o", "key.asc"];
    const seen = await verify(path, { flags });
    expect(seen).toMatchObject({ code: 14, evidence: { outcome: "pending" } });
    expect(seen.evidence.request.reference).toBe(web.url(path));
    expect(await seen.left()).toEqual([]);
  });

  test("that are no checksum files, or do not name it, are told before the file is fetched", async () => {
    const page = await verify(path, { flags: ["--sums", web.url("/page/index.html")] });
    expect(page).toMatchObject({ code: 2 });
    const other = await verify("/chunked/unknown.bin", { flags: ["--sums", web.url("/plain/SHA256SUMS")] });
    expect(other).toMatchObject({ code: 2 });
    expect(other.stderr).toContain("unknown.bin");
  });

  test("on this machine", async () => {
    const cwd = await stage.room();
    await writeFile(join(cwd, "sums"), `SHA256 (key.asc) = ${hexOf(path)}\n`);
    const seen = await verify(path, { flags: ["--sums", "sums"] }, cwd);
    expect(seen).toMatchObject({ code: 0 });
    expect(breaches(seen.stdout)).toEqual([]);
    expect(seen.evidence.witnesses).toMatchObject([{ kind: "sums", source: "sums", workers: [] }]);
    const missing = await verify(path, { flags: ["--sums", "nothing"] }, cwd);
    expect(missing).toMatchObject({ code: 2 });
  });
});

describe("witnesses", () => {
  test("the server's own Repr-Digest", async () => {
    const { evidence } = await verify("/digest/tool.bin");
    expect(evidence.witnesses).toEqual([
      {
        kind: "repr-digest",
        source: web.url("/digest/tool.bin"),
        digest: digestOf("/digest/tool.bin"),
        workers: ["fra", "here", "sgp"],
        trouble: null,
      },
    ]);
    expect(evidence.notices).toContain("the server's Repr-Digest says the same");
  });

  const asset = "https://github.com/owner/tool/releases/download/v1/tool.bin";
  const releases = "https://api.github.com/repos/owner/tool/releases/tags/v1";
  const body = Buffer.from("the asset\n");
  const digest = `sha256:${createHash("sha256").update(body).digest("hex")}`;
  const others = (): Ask => ({
    config: {
      others: {
        registries: Object.fromEntries(
          ["github.com", "api.github.com", "pypi.org", "files.pythonhosted.org"].map((host) => [
            host,
            { caFile: web.caFile },
          ]),
        ),
      },
    },
  });

  test("GitHub's digest of a release asset is a pin when it is asked for", async () => {
    web.liar.answer(at(asset), { body });
    web.liar.answer(at(releases), { body: JSON.stringify({ assets: [{ name: "tool.bin", digest }] }) });
    const seen = await verify(asset, { ...others(), flags: ["--witness"] });
    expect(seen).toMatchObject({ code: 0 });
    expect(breaches(seen.stdout)).toEqual([]);
    expect(seen.evidence.witnesses).toEqual([
      { kind: "github", source: releases, digest, workers: ["here"], trouble: null },
    ]);
    web.liar.answer(at(releases), {
      body: JSON.stringify({ assets: [{ name: "tool.bin", digest: digestOf("/plain/key.asc") }] }),
    });
    expect(await verify(asset, { ...others(), flags: ["--witness"] })).toMatchObject({ code: 15 });
    web.liar.answer(at(releases), { status: 403 });
    const silent = await verify(asset, { ...others(), flags: ["--witness"] });
    expect(silent).toMatchObject({ code: 0 });
    expect(silent.evidence.witnesses).toMatchObject([{ kind: "github", digest: null }]);
    expect(breaches(silent.stdout)).toEqual([]);
  });

  test("the Python package index's hash of a wheel", async () => {
    const wheel = "https://files.pythonhosted.org/packages/aa/bb/My_Tool-1.0-py3-none-any.whl";
    web.liar.answer(at(wheel), { body });
    const files = [{ filename: "My_Tool-1.0-py3-none-any.whl", hashes: { sha256: digest.slice("sha256:".length) } }];
    web.liar.answer(at("https://pypi.org/simple/my-tool/"), { body: JSON.stringify({ files }) });
    const seen = await verify(wheel, { ...others(), flags: ["--witness"] });
    expect(seen).toMatchObject({ code: 0 });
    expect(seen.evidence.witnesses).toMatchObject([{ kind: "pypi", digest }]);
  });
});

/** The place of a URL at the lab's server, which speaks for every host behind its proxies. */
function at(url: string): string {
  return url.replace(/^https:/, "http:");
}

describe("mirrors, the second axis", () => {
  const [one, same, other] = ["/mirror1/tool.bin", "/mirror2/tool.bin", "/mirror3/tool.bin"] as const;

  test("every vantage fetches from each, and all agree", async () => {
    const seen = await verify(one, { flags: ["--mirror", web.url(same), "-o", "tool.bin"] });
    expect(seen).toMatchObject({ code: 0 });
    expect(breaches(seen.stdout)).toEqual([]);
    const { request, observations, artifact } = seen.evidence;
    expect(request.mirrors).toEqual([web.url(same)]);
    for (const { objects } of observations) expect(objects.map(({ role }) => role)).toEqual(["file", "mirror"]);
    expect(artifact?.objects).toMatchObject([
      { role: "file", parent: null },
      { role: "mirror", parent: digestOf(one), digest: digestOf(one) },
    ]);
    for (const vantage of ["here", "fra", "sgp"])
      expect(web.liar.requests.map((each) => `${each.vantage} ${each.target}`)).toContain(`${vantage} ${same}`);
    expect(await readFile(join(seen.cwd, "tool.bin"))).toEqual(web.files[one]);
  });

  test("another publisher's bytes, the same for all", async () => {
    const seen = await verify(one, {
      flags: [
        "--mirror",
        web.url(same),
        "--mirror",
        web.url(other),
        "--report",
        "r.html",
        "--report",
        "r.md",
        "-o",
        "tool.bin",
      ],
    });
    expect(seen).toMatchObject({ code: 10 });
    expect(breaches(seen.stdout)).toEqual([]);
    expect(seen.evidence.differences).toMatchObject([{ at: "file > mirror 2", expected: digestOf(one) }]);
    expect(seen.evidence.diagnosis).toMatchObject({ class: "false-content" });
    expect(seen.evidence.diagnosis?.explanation).toContain("about the places of publication");
    for (const report of ["r.html", "r.md"])
      expect(await readFile(join(seen.cwd, report), "utf8")).toContain("mirror 2");
    expect(await seen.left()).toEqual(["r.html", "r.md"]);
  });

  test("another place's bytes", async () => {
    web.liar.lie("sgp", "/mirror4/tool.bin", { body: Buffer.from("evil") });
    web.liar.answer("/mirror4/tool.bin", { body: web.files[one] ?? Buffer.alloc(0) });
    const seen = await verify(one, { flags: ["--mirror", web.url("/mirror4/tool.bin")] });
    expect(seen).toMatchObject({ code: 10 });
    expect(breaches(seen.stdout)).toEqual([]);
    expect(seen.evidence.diagnosis?.explanation).toMatch(/^sgp was given other bytes by mirror 1.* about the vantage/);
  });

  test("a mirror without it: a part is absent", async () => {
    const seen = await verify(one, { flags: ["--mirror", web.url("/nowhere/tool.bin"), "-o", "tool.bin"] });
    expect(seen).toMatchObject({ code: 16 });
    expect(breaches(seen.stdout)).toEqual([]);
    expect(await seen.left()).toEqual([]);
  });

  test("is no mirror: the URL itself, and one of a reference", async () => {
    expect(await verify(one, { flags: ["--mirror", web.url(one)] })).toMatchObject({ code: 2 });
    const image = await verify("localhost:5000/app:1", { flags: ["--mirror", web.url(one)] });
    expect(image).toMatchObject({ code: 2 });
    expect(image.stderr).toContain("mirrors:");
  });
});

describe("beside verify", () => {
  const path = "/plain/tool-1.0.tar.gz";
  const configure = (): Promise<string> =>
    stage.configure({
      liar: web.liar,
      config: {
        local: { proxy: web.liar.proxyOf("here") },
        others: { registries: { [web.host]: { caFile: web.caFile } } },
      },
    });

  test("a command runs on a file, under its own name, only if all agree", async () => {
    const [config, cwd] = [await configure(), await stage.room()];
    const env = { HOME: stage.home };
    const ran = await run(["exec", web.url(path), "--config", config, "-q", "--", "sha256sum", "{}"], { cwd, env });
    expect(ran).toMatchObject({ code: 0 });
    expect(ran.stdout).toMatch(new RegExp(`^${hexOf(path)}  /\\S+/tool-1\\.0\\.tar\\.gz\n$`));
    const page = await run(["exec", web.url("/page/tool.tar.gz"), "--config", config, "-q", "--", "touch", "ran"], {
      cwd,
      env,
    });
    expect(page).toMatchObject({ code: 12 });
    const image = await run(["exec", web.url(path), "--as", "oci", "--config", config, "--", "touch", "ran"], {
      cwd,
      env,
    });
    expect(image).toMatchObject({ code: 2 });
    expect(await readdir(cwd)).toEqual([]);
  });

  test("the ledger remembers a file, and a report of it is judged again", async () => {
    const [config, cwd] = [await configure(), await stage.room()];
    const env = { HOME: cwd };
    const flags = ["--config", config, "--report", "seen.json", "-q"];
    expect(await run(["verify", web.url("/moves/x.bin"), ...flags], { cwd, env })).toMatchObject({ code: 16 });
    web.liar.answer("/moves/x.bin", { body: "one" });
    expect(await run(["verify", web.url("/moves/x.bin"), ...flags], { cwd, env })).toMatchObject({ code: 0 });
    web.liar.answer("/moves/x.bin", { body: "two" });
    const third = await run(["verify", web.url("/moves/x.bin"), ...flags], { cwd, env });
    expect(third).toMatchObject({ code: 0 });
    expect(third.stderr).toContain("THE FILE HAS CHANGED since the last agreement");
    const history = await run(["history", web.url("/moves/x.bin"), "--config", config, "--json"], { cwd, env });
    const { entries } = JSON.parse(history.stdout) as { entries: readonly { change: string; subject: unknown }[] };
    expect(entries.map(({ change }) => change)).toEqual([null, "first", "moved"]);
    expect(entries[0]?.subject).toEqual({ url: web.url("/moves/x.bin"), pin: null });
    expect(await run(["history", "--check"], { cwd, env })).toMatchObject({ code: 0 });
    expect(await run(["judge", "seen.json"], { cwd, env })).toMatchObject({ code: 0 });
    const report = await readFile(join(cwd, "seen.json"), "utf8");
    await writeFile(
      join(cwd, "other.json"),
      report.replace(/"reference": ".*"/, `"reference": "${web.url("/other")}"`),
    );
    expect(await run(["judge", "other.json"], { cwd, env })).toMatchObject({ code: 10 });
    const completed = await run(["__complete", "verify", `${web.origin}/mov`], { cwd, env });
    expect(completed.stdout).toContain(web.url("/moves/x.bin"));
  });
});
