import { createHash } from "node:crypto";
import { mkdtemp } from "node:fs/promises";
import { join } from "node:path";
import { makeAuthority } from "./authority.ts";
import type { Scripted } from "./liar-answer.ts";
import { startLiar, type Answer, type Liar, type LiarRequest } from "./liar.ts";
import { FILES, PAGES, REPACKED, WEAK_TWIN } from "./webfiles.ts";

/** What people download, and what goes wrong with it; each path is one trap. */
export interface Web {
  /** `https://localhost:PORT`; the certificate is good for 127.0.0.1, too. */
  readonly origin: string;
  /** `localhost:PORT` */
  readonly host: string;
  readonly caFile: string;
  /** Knows who asked for what, and takes further lies. What the first request meets, that of each vantage meets. */
  readonly liar: Liar;
  /** The true bytes by path; paths that have none, or never the same, are not in it. */
  readonly files: Readonly<Record<string, Buffer>>;
  url(path: string): string;
  /** From now on this vantage gets the archive of /OWNER/REPO with the same tar inside, compressed differently. */
  lieAboutArchive(vantage: string): void;
  stop(): Promise<void>;
}

type Headers = Readonly<Record<string, string>>;
/** The nth request of a vantage gets the nth answer, and the last again after that. */
type Turns = Readonly<Record<string, readonly Answer[]>>;
/** Makes a place that redirects to URLs, no two of them alike, which give these answers. */
type Sign = (folder: string, ...answers: readonly Answer[]) => Answer;

interface Whole extends Scripted {
  readonly headers: Headers;
  readonly body: Buffer;
}

/** Behind the proxies of its vantages, it speaks for these too. */
const HOSTS = ["github.com", "api.github.com", "pypi.org", "files.pythonhosted.org"];

const ARCHIVE = "/OWNER/REPO/archive/refs/tags/v1.tar.gz";

function file(body: Buffer, headers: Headers = {}): Whole {
  return { headers: { "Content-Type": "application/octet-stream", ...headers }, body };
}

function page(body: Buffer, status = 200, headers: Headers = {}): Scripted {
  return { status, headers: { "Content-Type": "text/html; charset=utf-8", ...headers }, body };
}

function redirect(location: string): Scripted {
  return { status: 302, headers: { Location: location } };
}

function etagOf(bytes: Buffer): string {
  return `"${createHash("sha256").update(bytes).digest("hex").slice(0, 16)}"`;
}

function strong(body: Buffer, headers: Headers = {}): Whole {
  return file(body, { ETag: etagOf(body), "Accept-Ranges": "bytes", ...headers });
}

function cut(whole: Whole): Scripted {
  return { ...whole, cutAt: 100 * 1024, then: "fin" };
}

/** What the request's `Range` asks for, taken from `bytes`; the whole where it asks for nothing. */
function partOf(whole: Whole, bytes: Buffer, range = ""): Scripted {
  const [, from, to] = /^bytes=([0-9]+)-([0-9]*)$/.exec(range) ?? [];
  if (from === undefined) return whole;
  const body = bytes.subarray(Number(from), to ? Number(to) + 1 : bytes.length);
  const said = body.length === 0 ? "*" : `${from}-${Number(from) + body.length - 1}`;
  const headers = { ...whole.headers, "Content-Range": `bytes ${said}/${bytes.length}` };
  return { status: body.length === 0 ? 416 : 206, headers, body };
}

/** Hands out parts to who names this very file in `If-Range`; whether to all others, too, is `trusting`. */
function resumable(whole: Whole, trusting = false): (request: LiarRequest) => Scripted {
  return ({ headers }) => {
    const known = headers["if-range"];
    const agreed = known === undefined ? trusting : known === whole.headers["ETag"];
    return agreed ? partOf(whole, whole.body, headers["range"]) : whole;
  };
}

const plain: Turns = {
  "/plain/tool-1.0.tar.gz": [
    resumable(strong(FILES["/plain/tool-1.0.tar.gz"], { "Content-Type": "application/gzip" }), true),
  ],
  "/plain/tool%2B1.0.whl": [file(FILES["/plain/tool%2B1.0.whl"])],
  "/plain/empty.bin": [file(FILES["/plain/empty.bin"])],
  "/plain/key.asc": [file(FILES["/plain/key.asc"], { "Content-Type": "text/plain" })],
  "/plain/SHA256SUMS": [file(FILES["/plain/SHA256SUMS"], { "Content-Type": "text/plain" })],
  "/mirror1/tool.bin": [file(FILES["/mirror1/tool.bin"])],
  "/mirror2/tool.bin": [file(FILES["/mirror2/tool.bin"])],
  "/mirror3/tool.bin": [file(FILES["/mirror3/tool.bin"])],
};

const pages: Turns = {
  "/page/tool.tar.gz": [page(FILES["/page/tool.tar.gz"])],
  "/page/challenge.AppImage": [file(FILES["/page/challenge.AppImage"])],
  "/page/index.html": [page(FILES["/page/index.html"])],
  "/page/busy.zip": [page(PAGES.busy, 503, { "Retry-After": "0" }), file(FILES["/page/busy.zip"])],
  "/page/forbidden.zip": [page(PAGES.forbidden, 403, { Server: "cloudflare", "CF-Mitigated": "challenge" })],
};

/** Files that say of themselves more than, or other than, their bytes. */
function described(): Turns {
  const digest = createHash("sha256").update(FILES["/digest/tool.bin"]).digest("base64");
  const attachment = { "Content-Disposition": 'attachment; filename="tool-named.zip"' };
  let asked = 0;
  return {
    "/encoded/tool.tar.gz": [file(FILES["/encoded/tool.tar.gz"], { "Content-Encoding": "gzip" })],
    "/project/named/download": [file(FILES["/project/named/download"], attachment)],
    [ARCHIVE]: [archive(FILES[ARCHIVE])],
    "/dynamic/page.json": [
      () => file(Buffer.from(`{"asked":${(asked += 1)}}\n`), { "Content-Type": "application/json" }),
    ],
    "/digest/tool.bin": [file(FILES["/digest/tool.bin"], { "Repr-Digest": `sha-256=:${digest}:` })],
    "/chunked/unknown.bin": [{ ...file(FILES["/chunked/unknown.bin"]), length: "chunked" }],
  };
}

function archive(body: Buffer): Scripted {
  const attachment = { "Content-Disposition": "attachment; filename=REPO-1.tar.gz" };
  return file(body, { "Content-Type": "application/x-gzip", ETag: `W/${etagOf(body)}`, ...attachment });
}

function redirects(sign: Sign): Turns {
  return {
    "/redirect/release.bin": [sign("/storage/", file(FILES["/redirect/release.bin"]))],
    "/redirect/loop": [redirect("/redirect/loop")],
    "/redirect/plain": [redirect("http://localhost:1/x")],
    "/project/files/tool.zip/download": [redirect("/mirror/tool.zip?viasf=1")],
    "/mirror/tool.zip?viasf=1": [file(FILES["/project/files/tool.zip/download"])],
    "/latest/download/app.bin": [redirect("/download/v1.2/app.bin")],
    "/download/v1.2/app.bin": [file(FILES["/latest/download/app.bin"])],
  };
}

/** Takes parts of one build for parts of another, as a weak ETag allows: who resumes has a file that never was. */
function careless(whole: Whole): Answer {
  return ({ headers }) => partOf(whole, WEAK_TWIN, headers["range"]);
}

function cuts(sign: Sign): Turns {
  const expired = page(PAGES.expired, 403, { "Content-Type": "application/xml" });
  const big = strong(FILES["/cut/big.bin"]);
  const moved = strong(FILES["/cut/moved.bin"]);
  const weak = strong(FILES["/cut/weak.bin"], { ETag: `W/${etagOf(FILES["/cut/weak.bin"])}` });
  return {
    "/cut/big.bin": [cut(big), resumable(big)],
    "/cut/weak.bin": [cut(weak), careless(weak)],
    "/cut/moved.bin": [sign("/storage/moved/", cut(moved), expired), sign("/storage/moved/", resumable(moved))],
  };
}

function signing(liar: Liar, origin: string): Sign {
  const signed = new Map<string, number>();
  return (folder, ...answers) =>
    () => {
      const count = signed.get(folder) ?? 0;
      signed.set(folder, count + 1);
      const path = `${folder}${(10 + (count % 26)).toString(36)}?sig=SECRET${count + 1}`;
      liar.answer(path, ...answers);
      return redirect(`${origin}${path}`);
    };
}

/** An https server with a certificate of an authority of its own, which it makes in `folder`. */
export async function startWeb(folder: string, options: { readonly vantages?: readonly string[] } = {}): Promise<Web> {
  const authority = await makeAuthority(await mkdtemp(join(folder, "web-")), "/CN=tofu3 lab web");
  const certificate = await authority.issue("web", ["localhost", "127.0.0.1", ...HOSTS]);
  const liar = await startLiar({ ...options, certificate, otherwise: page(PAGES.missing, 404) });
  const host = liar.host.replace("127.0.0.1", "localhost");
  const origin = `https://${host}`;
  const sign = signing(liar, origin);
  for (const turns of [plain, pages, described(), redirects(sign), cuts(sign)])
    for (const [path, answers] of Object.entries(turns)) liar.answer(path, ...answers);
  return {
    origin,
    host,
    caFile: authority.caFile,
    liar,
    files: FILES,
    url: (path) => `${origin}${path}`,
    lieAboutArchive: (vantage) => liar.lie(vantage, ARCHIVE, archive(REPACKED)),
    stop: () => liar.stop(),
  };
}
