import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Evidence } from "../../../src/model/evidence.ts";

const CASES = join(import.meta.dirname, "../../attacks/cases");

/** What only a page would obey; registries have not tried it yet. */
const OF_PAGES = [
  `<script>globalThis.owned = 1</script>`,
  `</style></title></script><script>globalThis.owned = 1</script>`,
  `"><img src="https://evil.example/x" onerror="globalThis.owned = 1">`,
  `' onmouseover='globalThis.owned = 1' autofocus onfocus='globalThis.owned = 1`,
  `<svg onload=globalThis.owned=1>`,
  `<iframe srcdoc="<script>parent.owned = 1</script>"></iframe>`,
  `<a href="javascript:globalThis.owned=1">x</a>`,
  `javascript:globalThis.owned=1`,
  `<meta http-equiv="refresh" content="0;url=https://evil.example/">`,
  `<link rel=stylesheet href=https://evil.example/><base href=https://evil.example/>`,
  `<form action=https://evil.example/><button formaction=javascript:owned=1>`,
  `<!--><![CDATA[ ]]>--!>`,
  `&lt;script&gt;&#60;b&#62;&amp;`,
  `\${owned = 1}\`;<b>`,
  `x" style="background:url(https://evil.example/)`,
  `\ud800<b>\udfff\ufffe\u0000`,
];

/** Every string of every attack case, the keys too, and what strings that are JSON themselves stand for. */
export function attackStrings(): readonly string[] {
  const found = new Set(OF_PAGES);
  for (const name of readdirSync(CASES)) collect(JSON.parse(readFileSync(join(CASES, name), "utf8")), found);
  return [...found];
}

function collect(value: unknown, found: Set<string>): void {
  if (typeof value === "string") {
    if (found.has(value)) return;
    found.add(value);
    collect(unescaped(value), found);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, each] of Object.entries(value)) {
      collect(key, found);
      collect(each, found);
    }
  }
}

/** With the escapes of JSON resolved, as its reader has it. */
function unescaped(text: string): string {
  return text.replace(/\\u([0-9a-fA-F]{4})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** It could be markup, an address, or turn text around. */
export function isHostile(text: string): boolean {
  return /[<>&"'`=:\\]|[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u.test(text);
}

/** The words of a union; everything else is text, also where its type allows only digests. */
const OURS = /^(schemaVersion|outcome|kind|role|via|class|confidence|change|stage|why|startedAt|finishedAt)$/;

/** The evidence with `text` in every field of text there is, in every list of texts and in every key. */
export function everywhere(evidence: Evidence, text: string): Evidence {
  const replaced = (value: unknown, key: string): unknown => {
    if (typeof value === "string") return OURS.test(key) ? value : text;
    if (Array.isArray(value)) return value.map((each) => replaced(each, ""));
    if (typeof value !== "object" || value === null) return value;
    const inside = Object.entries(value).map(([name, each]) => [
      key === "annotations" ? text : name,
      replaced(each, name),
    ]);
    return Object.fromEntries(inside) as unknown;
  };
  return replaced(evidence, "") as Evidence;
}
