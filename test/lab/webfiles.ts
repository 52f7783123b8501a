import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import { tarOf } from "./image.ts";

/** Bytes that no compression shortens, the same ones for the same name in every run. */
function filler(name: string, bytes: number): Buffer {
  return createHash("shake256", { outputLength: bytes }).update(name).digest();
}

const lines = (name: string, count: number): string =>
  Array.from({ length: count }, (_, at) => `${name} line ${at} of ${count}\n`).join("");

const SOURCE = tarOf(Buffer.from(lines("source", 400)), "REPO-1/README.md");

/** The archive of /OWNER/REPO as a forge packs it with another gzip: other bytes, the same tar. */
export const REPACKED = gzipSync(SOURCE, { level: 1 });

const html = (title: string, text: string): Buffer =>
  Buffer.from(`<!doctype html>\n<html><head><title>${title}</title></head><body><p>${text}</p></body></html>\n`);

/** What comes with an error. */
export const PAGES = {
  busy: html("503 Service Unavailable", "Please try again later"),
  forbidden: html("Attention Required! | Cloudflare", "Sorry, you have been blocked"),
  expired: Buffer.from("<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>\n"),
  missing: html("404 Not Found", "There is nothing here"),
};

const KEY = `-----BEGIN PGP PUBLIC KEY BLOCK-----

${filler("key", 96).toString("base64").replace(/.{64}/g, "$&\n")}
=tofu
-----END PGP PUBLIC KEY BLOCK-----
`;

const PLAIN = {
  "/plain/tool-1.0.tar.gz": gzipSync(tarOf(filler("tool", 3000), "tool-1.0/tool")),
  "/plain/tool%2B1.0.whl": filler("wheel", 1200),
  "/plain/empty.bin": Buffer.alloc(0),
  "/plain/key.asc": Buffer.from(KEY),
};

/** As `sha256sum *` in the folder writes it: the names are those of the disk, without escapes of a URL. */
function sumsOf(files: Readonly<Record<string, Buffer>>): Buffer {
  const sums = Object.entries(files).map(([path, bytes]) => {
    const name = decodeURIComponent(path.slice(path.lastIndexOf("/") + 1));
    return `${createHash("sha256").update(bytes).digest("hex")}  ${name}\n`;
  });
  return Buffer.from(sums.join(""));
}

const TOOL = filler("mirrored", 2000);

/**
 * What each path has for who follows its redirects and gives up on nothing, to the byte as it goes over the wire. Of a
 * page in place of a file it is the page.
 */
export const FILES = {
  ...PLAIN,
  "/plain/SHA256SUMS": sumsOf(PLAIN),
  "/page/tool.tar.gz": html("Downloads", "Your download starts in five seconds"),
  "/page/challenge.AppImage": html("One moment", "Making sure you are not a bot"),
  "/page/index.html": html("Tool", "The home of a tool"),
  "/page/busy.zip": filler("busy", 900),
  "/encoded/tool.tar.gz": gzipSync(tarOf(filler("encoded", 3000), "tool")),
  "/redirect/release.bin": filler("release", 5000),
  "/project/files/tool.zip/download": filler("sourceforge", 1500),
  "/project/named/download": filler("named", 1600),
  "/OWNER/REPO/archive/refs/tags/v1.tar.gz": gzipSync(SOURCE, { level: 9 }),
  "/latest/download/app.bin": filler("app", 1700),
  "/cut/big.bin": filler("big", 300 * 1024),
  "/cut/weak.bin": filler("weak", 300 * 1024),
  "/cut/moved.bin": filler("moved", 300 * 1024),
  "/chunked/unknown.bin": filler("chunked", 20 * 1024),
  "/mirror1/tool.bin": TOOL,
  "/mirror2/tool.bin": TOOL,
  "/mirror3/tool.bin": filler("a mirror of its own", 2000),
  "/digest/tool.bin": filler("digest", 1800),
} satisfies Record<string, Buffer>;

/** Means the same as `/cut/weak.bin`, which is all that a weak ETag promises, and has not one byte run in common. */
export const WEAK_TWIN = filler("weak, built again", 300 * 1024);
