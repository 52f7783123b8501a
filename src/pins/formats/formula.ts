import type { Mention, Target } from "../../model/mention.ts";
import { isDigest } from "../../oci/digest.ts";
import { repositoryOfFormula } from "../../oci/homebrew.ts";
import { Lines } from "../text.ts";
import type { Format, Found, TextFile } from "./format.ts";
import { Blocks } from "./formulablocks.ts";
import { filesIn } from "./formulafiles.ts";
import { byHand, mentionOf, targetOf, unresolved, type Page } from "./mentions.ts";
import { notHonoured } from "./remarks.ts";
import { rowsOf, type Row } from "./rows.ts";

export const formula: Format = {
  source: "formula",
  claims: ({ path, text }) => path.endsWith(".rb") && (text.includes("bottle do") || text.includes("< Formula")),
  find: readFormula,
};

const HOMEBREW = "https://ghcr.io/v2/homebrew/core";
/** A registry, as Homebrew writes it; anything else is a folder of files. */
const REGISTRY = /^https:\/\/([^/#?@]{1,255}\.[^/#?@]{1,255})\/v2\/([^#?]{1,255}?)\/?$/;
const PINNING = byHand("the formula's author writes its bottles");

/** What a formula says of its bottles. */
interface Facts {
  root: string | null;
  version: string | null;
  url: string | null;
  revision: number;
  rebuild: number;
  readonly bottles: { readonly tag: string; readonly hex: string; readonly start: number }[];
}

function readFormula(file: TextFile): Found {
  const page: Page = { source: "formula", file: file.path, lines: new Lines(file.text), marker: "#" };
  const facts = factsOf(file.text);
  const [, host, home] = REGISTRY.exec(facts.root ?? HOMEBREW) ?? [];
  const unread = [...notHonoured(file, page.lines, "#")];
  if (host === undefined || home === undefined) {
    if (facts.bottles.length > 0) unread.push({ file: file.path, why: "its bottles are not in a registry" });
    return { mentions: filesIn(file.text, page), unread };
  }
  const name = file.path.slice(file.path.lastIndexOf("/") + 1, -".rb".length);
  const repository = `${host}/${home}/${repositoryOfFormula(name)}`;
  const bottles = facts.bottles.map((bottle) => mentionOfBottle(page, repository, tagOf(facts), bottle));
  return { mentions: [...filesIn(file.text, page), ...bottles], unread };
}

function mentionOfBottle(
  page: Page,
  repository: string,
  tag: string | null,
  bottle: Facts["bottles"][number],
): Mention {
  const { hex, start } = bottle;
  const index = targetOf(tag === null ? repository : `${repository}:${tag}`);
  const digest = `sha256:${hex}`;
  const target: Target =
    index.kind !== "reference"
      ? index
      : isDigest(digest)
        ? { kind: "bottle", reference: index.reference, bottle: { tag: bottle.tag, digest } }
        : unresolved("its sha256 is malformed");
  return mentionOf(page, { start, end: start + hex.length, text: hex }, target, PINNING);
}

/** `PKG_VERSION[-REBUILD]`; null if the version cannot be told. */
function tagOf({ version, url, revision, rebuild }: Facts): string | null {
  const own = version ?? (url === null ? null : versionOfUrl(url));
  if (own === null || !/^\w[\w.-]{0,100}$/.test(own)) return null;
  return `${own}${revision === 0 ? "" : `_${revision}`}${rebuild === 0 ? "" : `-${rebuild}`}`;
}

const ARCHIVE = /\.(?:tar\.(?:gz|bz2|xz|zst|lz)|tgz|tbz|txz|zip)$/;

/** Only from names that Homebrew reads in no other way: `NAME-1.2.3.tar.gz` and `v1.2.3.tar.gz`. */
function versionOfUrl(url: string): string | null {
  const name = url.slice(url.lastIndexOf("/") + 1);
  const stem = name.replace(ARCHIVE, "");
  if (stem === name || stem.length > 200) return null;
  const last = stem.slice(stem.lastIndexOf("-") + 1);
  return /^v?(\d+(?:\.\d+)+[a-z]?)$/.exec(last)?.[1] ?? null;
}

function factsOf(text: string): Facts {
  const facts: Facts = { root: null, version: null, url: null, revision: 0, rebuild: 0, bottles: [] };
  const blocks = new Blocks();
  for (const row of rowsOf(text)) {
    const line = row.text.trim();
    if (line.length > 1000) continue;
    const alone = blocks.count === 0 || (blocks.count === 1 && blocks.innermost === "stable");
    if (alone) readStable(facts, line);
    else if (blocks.innermost === "bottle" && blocks.count === 1) readBottle(facts, row, line);
    blocks.read(line, row.text.length - row.text.trimStart().length);
  }
  return facts;
}

function readStable(facts: Facts, line: string): void {
  facts.version ??= quoted(line, /^version "([^"#]{1,200})"/);
  facts.url ??= quoted(line, /^url "([^"]{1,900})"/);
  const tagged = quoted(line, /^tag: +"v?(\d[\d.]{0,50})"/);
  if (tagged !== null && facts.url?.endsWith(".git") === true) facts.version ??= tagged;
  facts.revision = numberOf(line, /^revision (\d{1,6})$/) ?? facts.revision;
}

function readBottle(facts: Facts, row: Row, line: string): void {
  facts.root ??= quoted(line, /^root_url ["']([^"']{1,900})["']/);
  facts.rebuild = numberOf(line, /^rebuild (\d{1,6})$/) ?? facts.rebuild;
  if (!/^sha256[ \t(]/.test(line)) return;
  for (const pair of row.text.matchAll(/\b([a-z][a-z0-9_]{0,60}): {1,20}"([^"]{1,200})"/g)) {
    const [whole, tag = "", hex = ""] = pair;
    if (tag === "cellar") continue;
    facts.bottles.push({ tag, hex, start: row.start + pair.index + whole.length - hex.length - 1 });
  }
  for (const pair of row.text.matchAll(/"([^"]{1,200})" {0,20}=> {0,20}:([a-z][a-z0-9_]{0,60})/g)) {
    const [, hex = "", tag = ""] = pair;
    facts.bottles.push({ tag, hex, start: row.start + pair.index + 1 });
  }
}

function quoted(line: string, pattern: RegExp): string | null {
  return pattern.exec(line)?.[1] ?? null;
}

function numberOf(line: string, pattern: RegExp): number | null {
  const text = pattern.exec(line)?.[1];
  return text === undefined ? null : Number(text);
}
