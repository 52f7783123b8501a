/** What `--report` of `verify` writes, by the word before the path; all but `github` also by the ending of the path. */
export const REPORT_KINDS = {
  json: "json",
  md: "markdown",
  html: "html",
  github: "github",
  "intoto.jsonl": "statements",
} as const;
export type ReportKind = (typeof REPORT_KINDS)[keyof typeof REPORT_KINDS];

/** Where to write, and what; a null kind is one that nothing says. */
export interface ReportText<K> {
  readonly kind: K | null;
  readonly path: string;
}

/** `md:PATH`, or a PATH whose ending says the kind. */
export function readReport<K extends string>(text: string, kinds: Readonly<Record<string, K>>): ReportText<K> {
  const colon = text.indexOf(":");
  const word = text.slice(0, Math.max(0, colon));
  if (Object.hasOwn(kinds, word) && colon < text.length - 1) {
    return { kind: kinds[word] ?? null, path: text.slice(colon + 1) };
  }
  const name = text.toLowerCase();
  const ending = endingsOf(kinds).find((each) => name.endsWith(each));
  return { kind: (ending === undefined ? undefined : kinds[ending.slice(1)]) ?? null, path: text };
}

/** `.json`, `.md`, `.html`; annotations have no file of their own. */
export function endingsOf(kinds: Readonly<Record<string, string>>): readonly string[] {
  return Object.keys(kinds).flatMap((word) => (word === "github" ? [] : [`.${word}`]));
}
