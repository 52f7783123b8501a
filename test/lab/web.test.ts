import { createHash } from "node:crypto";
import { readFile, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeFolder, runTool } from "./processes.ts";
import { startWeb, type Web } from "./web.ts";
import { FILES, PAGES, REPACKED, WEAK_TWIN } from "./webfiles.ts";

interface Got {
  readonly rc: number;
  readonly status: number;
  readonly head: string;
  readonly body: Buffer;
}

interface Step {
  /** That of the row. */
  readonly path?: string;
  readonly via?: "fra" | "sgp";
  /** Further arguments of curl; `etag` is what the first step of the row was told. */
  readonly args?: (etag: string) => readonly string[];
  /** 0 */
  readonly rc?: number;
  /** 200 */
  readonly status?: number;
  /** Header lines of this or of a redirect that led to it. */
  readonly says?: readonly string[];
  /** The lack of these headers. */
  readonly omits?: RegExp;
  /** What `files` has for the path. */
  readonly body?: Uint8Array | string;
}

let web: Web;
let folder: { path: string; remove: () => Promise<void> };

beforeAll(async () => {
  folder = await makeFolder("web");
  web = await startWeb(folder.path, { vantages: ["fra", "sgp"] });
});

afterAll(async () => {
  await web.stop();
  await folder.remove();
});

async function curl(url: string, args: readonly string[]): Promise<Got> {
  const [bodyFile, headFile] = [join(folder.path, "body"), join(folder.path, "head")];
  await Promise.all([bodyFile, headFile].map((each) => rm(each, { force: true })));
  const always = ["-q", "-sS", "-m", "30", "--cacert", web.caFile, "--suppress-connect-headers", "-D", headFile];
  const command = [...always, "-o", bodyFile, "-w", "%{exitcode} %{http_code}", ...args, url];
  const said = await runTool("curl", command).catch((error: unknown) => {
    return ((error as Error).cause as { stdout: string }).stdout;
  });
  const [rc = NaN, status = NaN] = said.split(" ").map(Number);
  // curl makes no file of a body without bytes
  const body = await readFile(bodyFile).catch(() => Buffer.alloc(0));
  return { rc, status, head: await readFile(headFile, "utf8"), body };
}

const follow = (): string[] => ["-L", "--max-redirs", "3"];
const header = (line: string): string[] => ["-H", line];
const rest = (from: number) => (): string[] => ["-r", `${from}-`];
const resume = (etag: string): string[] => ["-r", "102400-", ...header(`If-Range: ${etag}`)];
const first = (bytes: Buffer): Buffer => bytes.subarray(0, 102_400);
const signed = (path: string, number: number): string =>
  `Location: ORIGIN/storage/${path}${(9 + number).toString(36)}?sig=SECRET${number}`;

const TOOL = FILES["/plain/tool-1.0.tar.gz"];
const BIG = FILES["/cut/big.bin"];
const MOVED = FILES["/cut/moved.bin"];
const WEAK = FILES["/cut/weak.bin"];
const ARCHIVE = "/OWNER/REPO/archive/refs/tags/v1.tar.gz";
const DIGEST = createHash("sha256").update(FILES["/digest/tool.bin"]).digest("base64");
const HTML = "Content-Type: text/html; charset=utf-8";

const TRAPS: readonly { readonly path: string; readonly steps: readonly Step[] }[] = [
  {
    path: "/plain/tool-1.0.tar.gz",
    steps: [
      { says: ["Content-Type: application/gzip", `Content-Length: ${TOOL.length}`, 'ETag: "'] },
      {
        args: rest(1000),
        status: 206,
        says: [`Content-Range: bytes 1000-${TOOL.length - 1}/`],
        body: TOOL.subarray(1000),
      },
      { args: () => ["-r", "5-9"], status: 206, says: ["Content-Range: bytes 5-9/"], body: TOOL.subarray(5, 10) },
      { args: (etag) => [...rest(9)(), ...header(`If-Range: ${etag}`)], status: 206, body: TOOL.subarray(9) },
      { args: () => [...rest(9)(), ...header('If-Range: "older"')] },
      { args: rest(1e6), status: 416, says: [`Content-Range: bytes */${TOOL.length}`], body: "" },
    ],
  },
  { path: "/plain/tool%2B1.0.whl", steps: [{}] },
  { path: "/plain/empty.bin", steps: [{ says: ["Content-Length: 0"], body: "" }] },
  { path: "/plain/key.asc", steps: [{ says: ["Content-Type: text/plain"] }] },
  { path: "/page/tool.tar.gz", steps: [{ says: [HTML] }] },
  { path: "/page/challenge.AppImage", steps: [{ says: ["Content-Type: application/octet-stream"] }] },
  { path: "/page/index.html", steps: [{ says: [HTML] }] },
  { path: "/page/busy.zip", steps: [{ status: 503, says: ["Retry-After: 0"], body: PAGES.busy }, {}] },
  { path: "/page/forbidden.zip", steps: [{ status: 403, says: [HTML, "Server: cloudflare"], body: PAGES.forbidden }] },
  { path: "/page/missing", steps: [{ status: 404, says: [HTML], body: PAGES.missing }] },
  {
    path: "/encoded/tool.tar.gz",
    steps: [
      { says: ["Content-Encoding: gzip"] },
      { args: () => ["--compressed"], body: gunzipSync(FILES["/encoded/tool.tar.gz"]) },
    ],
  },
  {
    path: "/redirect/release.bin",
    steps: [
      { args: follow, says: [signed("", 1)] },
      { args: follow, says: [signed("", 2)], via: "fra" },
      { args: follow, says: [signed("", 3)], via: "sgp" },
      { path: "/storage/a", status: 404, body: PAGES.missing },
    ],
  },
  { path: "/redirect/loop", steps: [{ args: follow, rc: 47, status: 302, body: "" }] },
  { path: "/redirect/plain", steps: [{ status: 302, says: ["Location: http://localhost:1/x"], body: "" }] },
  {
    path: "/project/files/tool.zip/download",
    steps: [{ args: follow, says: ["Location: /mirror/tool.zip?viasf=1"] }],
  },
  {
    path: "/project/named/download",
    steps: [{ says: ['Content-Disposition: attachment; filename="tool-named.zip"'] }],
  },
  { path: "/latest/download/app.bin", steps: [{ args: follow, says: ["Location: /download/v1.2/app.bin"] }] },
  { path: "/dynamic/page.json", steps: [{ body: '{"asked":1}\n' }, { body: '{"asked":2}\n', via: "fra" }] },
  {
    path: "/cut/big.bin",
    steps: [
      { rc: 18, says: [`Content-Length: ${BIG.length}`], body: first(BIG) },
      { args: resume, status: 206, body: BIG.subarray(102_400) },
      { args: rest(102_400) },
      { args: () => resume('"older"') },
      { rc: 18, body: first(BIG), via: "fra" },
    ],
  },
  {
    path: "/cut/weak.bin",
    steps: [
      { rc: 18, says: ['ETag: W/"'], body: first(WEAK) },
      { args: resume, status: 206, body: WEAK_TWIN.subarray(102_400) },
      {},
    ],
  },
  {
    path: "/cut/moved.bin",
    steps: [
      { args: follow, rc: 18, says: [signed("moved/", 1)], body: first(MOVED) },
      { path: "/storage/moved/a?sig=SECRET1", args: resume, status: 403, body: PAGES.expired },
      {
        args: (etag) => [...follow(), ...resume(etag)],
        status: 206,
        says: [signed("moved/", 2)],
        body: MOVED.subarray(102_400),
      },
      { args: follow, rc: 18, says: [signed("moved/", 3)], body: first(MOVED), via: "fra" },
    ],
  },
  {
    path: "/chunked/unknown.bin",
    steps: [{ says: ["Transfer-Encoding: chunked"], omits: /content-length/i }],
  },
  { path: "/mirror1/tool.bin", steps: [{}, { path: "/mirror2/tool.bin" }] },
  { path: "/mirror3/tool.bin", steps: [{}] },
  { path: "/digest/tool.bin", steps: [{ says: [`Repr-Digest: sha-256=:${DIGEST}:`] }] },
];

test.each(TRAPS)("$path", async ({ path, steps }) => {
  let etag = "";
  for (const step of steps) {
    const proxy = step.via === undefined ? [] : ["-x", web.liar.proxyOf(step.via)];
    const got = await curl(web.url(step.path ?? path), [...proxy, ...(step.args?.(etag) ?? [])]);
    etag ||= /^etag: (.*)\r$/im.exec(got.head)?.[1] ?? "";
    expect(got).toMatchObject({ rc: step.rc ?? 0, status: step.status ?? 200 });
    for (const line of step.says ?? []) expect(got.head).toContain(`\r\n${line.replace("ORIGIN", web.origin)}`);
    if (step.omits !== undefined) expect(got.head).not.toMatch(step.omits);
    expect(got.body.equals(Buffer.from(step.body ?? web.files[step.path ?? path] ?? "no such file"))).toBe(true);
  }
});

test("SHA256SUMS is what sha256sum checks the files with", async () => {
  for (const path of Object.keys(FILES).filter((each) => each.startsWith("/plain/"))) {
    const { body } = await curl(web.url(path), []);
    await writeFile(join(folder.path, decodeURIComponent(basename(path))), body);
  }
  const said = await runTool("sha256sum", ["-c", "--strict", "SHA256SUMS"], { cwd: folder.path });
  expect(said).toBe("tool-1.0.tar.gz: OK\ntool+1.0.whl: OK\nempty.bin: OK\nkey.asc: OK\n");
});

test("one vantage gets another archive with the same tar inside", async () => {
  web.lieAboutArchive("sgp");
  const honest = await curl(web.url(ARCHIVE), ["-x", web.liar.proxyOf("fra")]);
  const other = await curl(web.url(ARCHIVE), ["-x", web.liar.proxyOf("sgp")]);
  expect(honest.body.equals(FILES[ARCHIVE])).toBe(true);
  expect(other.body.equals(REPACKED)).toBe(true);
  expect(other.body.equals(honest.body)).toBe(false);
  expect(gunzipSync(other.body).equals(gunzipSync(honest.body))).toBe(true);
});

test("the mirrors agree, but for the third", () => {
  expect(web.files["/mirror1/tool.bin"]).toEqual(web.files["/mirror2/tool.bin"]);
  expect(web.files["/mirror1/tool.bin"]).not.toEqual(web.files["/mirror3/tool.bin"]);
});
