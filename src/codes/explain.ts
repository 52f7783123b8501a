import type { ErrorCode } from "../errors.ts";
import { folded } from "../report/fold.ts";
import { ANSWER } from "./answer.ts";
import { EXCHANGE } from "./exchange.ts";
import type { Explanation } from "./explanation.ts";
import { KEEPING } from "./keeping.ts";
import { USAGE } from "./usage.ts";
import { VM } from "./vm.ts";

/** Every code with its cause and cure: a code without an entry does not compile. */
export const EXPLANATIONS: Readonly<Record<ErrorCode, Explanation>> = {
  ...USAGE,
  ...VM,
  ...EXCHANGE,
  ...ANSWER,
  ...KEEPING,
};

/** The codes as `docs/errors.md` groups them. */
export const GROUPS: readonly { readonly title: string; readonly codes: Readonly<Record<string, Explanation>> }[] = [
  { title: "The request and the configuration", codes: USAGE },
  { title: "The way to a VM", codes: VM },
  { title: "The way to the registry", codes: EXCHANGE },
  { title: "What the registry answered", codes: ANSWER },
  { title: "This machine", codes: KEEPING },
];

const WIDTH = 80;

/** `E_TLS`, `tls` and `e-tls` name the same code; null for anything else. */
export function codeNamed(text: string): ErrorCode | null {
  const name = `E_${text.toUpperCase().replaceAll("-", "_").replace(/^E_/, "")}`;
  return Object.keys(EXPLANATIONS).find((code): code is ErrorCode => code === name) ?? null;
}

/** What `tofu3 help CODE` prints: at most 80 columns, with a line break at the end. */
export function explain(code: ErrorCode): string {
  const { title, where, cause, cure } = EXPLANATIONS[code];
  const parts = [
    ["where", where],
    ["cause", cause],
    ["cure", cure],
  ] as const;
  const body = parts.map(([name, text]) => hanging(`${name}:`.padEnd(8), text));
  return `${[`${code}: ${title}`, ...body].join("\n\n")}\n`;
}

/** Behind `head`, all lines of the text below each other. */
function hanging(head: string, text: string): string {
  const indent = " ".repeat(head.length);
  return folded(text, WIDTH - head.length)
    .map((line, at) => `${at === 0 ? head : indent}${line}`)
    .join("\n");
}
