import { scrub } from "../../src/cli/log.ts";
import { bestKey, credentialsOf } from "../../src/config/docker/authfile.ts";
import { parseConfig } from "../../src/config/config.ts";
import { registryName } from "../../src/config/registryname.ts";
import { parseJumps } from "../../src/config/ssh/host.ts";
import { isPublicAddress } from "../../src/http/address.ts";
import { meteredBytes } from "../../src/ssh/script/curlmeter.ts";
import { parseHeaderBlock, trimBlanks } from "../../src/http/headers.ts";
import { linesFor, parseKnownHosts } from "../../src/ssh/connection/knownhosts.ts";
import { parseProxy } from "../../src/http/proxy.ts";
import { ReplyParser } from "../../src/ssh/script/reply.ts";
import { matchesPattern } from "../../src/ssh/connection/pattern.ts";
import { declaredLength } from "../../src/http/strict.ts";
import { isCurlSince } from "../../src/ssh/facts.ts";
import { redirectTarget } from "../../src/worker/fetch/redirect.ts";
import { parseRetryAfter } from "../../src/worker/fetch/retry.ts";
import { byteRowsOf, many, numbered, rowsOf, type Row } from "./shapes.ts";

const NONCE = "0".repeat(32);
const HEAD = "HTTP/1.1 200 OK\r\n";
const KEY = Buffer.from(`\0\0\0\x0bssh-ed25519\0\0\0 ${"k".repeat(32)}`, "latin1").toString("base64");

function reply(bytes: Buffer): void {
  const parser = new ReplyParser(NONCE, {
    onBegin: () => undefined,
    onTransfer: () => undefined,
    onOther: () => undefined,
    onEnd: () => undefined,
    onBye: () => undefined,
  });
  parser.feed(Buffer.from(`${NONCE} begin 5\n`));
  parser.allow(1 << 30, 1);
  parser.feed(bytes);
}

const yaml = (text: string): unknown => parseConfig(text, { file: "/tofu3.yaml", home: "/" });

function redirect(location: string): unknown {
  const url = new URL("https://registry.example/");
  const registry = {
    name: url.host,
    repository: "x",
    base: url,
    loopback: false,
    publicOnly: false,
    isAnonymous: false,
    addresses: new Set<string>(),
  };
  const settings = () => ({ plainHttp: false, trust: null });
  return redirectTarget({ ...registry, settings }, url, {
    status: 307,
    headers: [["location", location]],
    address: null,
    httpVersion: null,
    certificate: null,
  });
}

/** What a VM, a server, and the files of a person say. */
export const OTHER_ROWS: readonly Row[] = [
  ...byteRowsOf("parseHeaderBlock", parseHeaderBlock, {
    "blanks before a control character": many(" ", `${HEAD}X:`, "\0\r\n\r\n"),
    "blanks within a value": many(" ", `${HEAD}X: a`, "a\r\n\r\n"),
    "blanks and tabs": many(" \t", `${HEAD}X:`, "\x7f\r\n\r\n"),
    "headers of blanks": many("X: \r\n", HEAD, "\r\n"),
    colons: many(":", `${HEAD}X`, "\0\r\n\r\n"),
    "a name that does not end": many("X", HEAD, "\r\n\r\n"),
    reasons: many(" ", "HTTP/1.1 200", "\0\r\n\r\n"),
    "carriage returns": many("\r", HEAD, "\n"),
    "interim answers": many("HTTP/1.1 103 X\r\n\r\n"),
  }),
  ...rowsOf("trimBlanks", trimBlanks, { "blanks within": many(" ", "a", "a") }),
  ...rowsOf(
    "declaredLength",
    (text) =>
      declaredLength(
        200,
        text.split(",").map((value) => ["content-length", value] as const),
      ),
    {
      "many lengths": many("1,"),
      "a long one": many("1"),
      blanks: many(" ", "1", "1"),
    },
  ),
  ...byteRowsOf("ReplyParser", reply, {
    "carriage returns": many("\r"),
    "line feeds": many("\n"),
    "short lines": many("x\r"),
    certificates: many("-----BEGIN CERTIFICATE-----\n", `${NONCE} w 1 0 200 000 3 []\n${NONCE} c 1\n`),
    "curl's meter": many("  0     0    0     0    0     0      0      0 --:--:--\r"),
    "a line of blanks": many(" ", `${NONCE} info os`, "\n"),
    "unknown lines": many("y\n", "", `${NONCE} x\n`),
    transfers: numbered((index) => `${NONCE} w ${index % 1000} 0 200 000 1 []`, "", "\n", "\n"),
    lacks: many(`${NONCE} lacks directory\n`),
    "jobs without anything": many(`${NONCE} end\n`),
    "files without bytes": numbered(
      (index) => `${NONCE} l 0 h${index % 1000}\n${NONCE} raw\n${NONCE} end`,
      "",
      "\n",
      "\n",
    ),
  }),
  ...rowsOf("meteredBytes", meteredBytes, {
    blanks: many(" ", "1 ", "x"),
    digits: many("1"),
    "blanks and digits": many("1 "),
  }),
  ...rowsOf("isCurlSince", (text) => isCurlSince(text, 54), {
    digits: many("7", "curl ", "."),
    blanks: many(" ", "curl", "7.1"),
  }),
  ...rowsOf("isPublicAddress", isPublicAddress, {
    colons: many(":"),
    "groups and dots": many("1:", "", "1.1.1.1"),
    digits: many("1", ":"),
  }),
  ...rowsOf("parseRetryAfter", (text) => parseRetryAfter(text, new Date(0)), {
    digits: many("1"),
    blanks: many(" ", "Thu,", "GMT"),
  }),
  ...rowsOf("redirectTarget", redirect, {
    "question marks": many("?", "https://a\\"),
    fragments: many("#", "https://[a]"),
    dots: many("../", "/"),
    slashes: many("/", "https:"),
    percent: many("%41", "https://"),
  }),
  ...rowsOf("parseProxy", parseProxy, {
    "user names": many("@", "http://"),
    colons: many(":", "http://"),
    letters: many("a", "http://", ":1/x"),
    "percent signs": many("%00", "http://", "@a:1"),
  }),
  ...rowsOf("matchesPattern", (text) => matchesPattern(text, `${"a".repeat(255)}b`), {
    "stars and letters": many("*a"),
    stars: many("*", "", "c"),
  }),
  ...rowsOf("parseKnownHosts", (text) => linesFor(parseKnownHosts(text, "f"), "a".repeat(64), 22), {
    "blank lines": many(" \n"),
    "blanks on a line": many(" ", "host", "x"),
    "carriage returns": many("\r"),
    patterns: many("a*,", "", ` ssh-ed25519 ${KEY}`),
    lines: many(`|1|a|b ssh-ed25519 ${KEY}\n`),
    "base64 that is none": many("A", "host ssh-ed25519 ", "!"),
  }),
  ...rowsOf("parseJumps", parseJumps, {
    hops: many("a@b:1,", "", "c"),
    letters: many("a"),
    "at signs": many("@"),
    blanks: many(" ", "a", "a"),
  }),
  ...rowsOf("registryName", registryName, { letters: many("a", "", "!"), hyphens: many("a-"), colons: many("a:") }),
  ...rowsOf("bestKey", (text) => bestKey([[text, 1]], "docker.io", "a/b"), {
    slashes: many("/", "docker.io/a", "b"),
    letters: many("a"),
  }),
  ...rowsOf("credentialsOf", (text) => credentialsOf("f", "k", { auth: text }), {
    "NULs within a password": (count) => Buffer.from(`a:b${"\0".repeat(count)}b`).toString("base64"),
    "base64 that is none": many("A", "", "!"),
  }),
  ...rowsOf("parseConfig", yaml, {
    "open lists": many("["),
    keys: numbered((index) => `k${index}: 1`, "", "", "\n"),
    "blanks before a comment": many(" ", "a:", "#"),
    "a quote that does not close": many("\\", '"'),
    comments: many("# x\n"),
  }),
  ...rowsOf("scrub", (text) => scrub({ text }), {
    schemes: many("http://"),
    "user names": many("a", "https://"),
    blanks: many(" ", "bearer"),
    "words before a scheme": many("bearer "),
    "query without end": many("https://a?b"),
  }),
];
