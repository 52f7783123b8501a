import { readFileSync } from "node:fs";
import { SHORTEST } from "../../../config/shortest.ts";
import { folded } from "../../../report/fold.ts";
import type { Topic } from "./topic.ts";

interface Schema {
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly oneOf?: readonly Schema[];
  readonly additionalProperties?: Schema | boolean;
}

/** One key of tofu3.yaml, by its path: `workers[].name`. */
export interface Key {
  readonly path: string;
  readonly text: string;
  /** As YAML; null if it has none. */
  readonly otherwise: string | null;
}

/** In the order of the JSON Schema for editors, which is made from what reads the file. */
export function configKeys(): readonly Key[] {
  const file = new URL("../../../../config/tofu3.schema.json", import.meta.url);
  return keysIn(JSON.parse(readFileSync(file, "utf8")) as Schema, "");
}

function keysIn(schema: Schema, prefix: string): readonly Key[] {
  const own = Object.entries(schema.properties ?? {}).filter(([name]) => name !== "$schema");
  const found = own.flatMap(([name, each]) => [keyOf(each, `${prefix}${name}`), ...below(each, `${prefix}${name}`)]);
  // the two kinds of worker share some keys
  const more = (schema.oneOf ?? []).flatMap((each) => keysIn(each, prefix));
  return [...new Map([...found, ...more].map((key) => [key.path, merged(key, [...found, ...more])])).values()];
}

function below(schema: Schema, path: string): readonly Key[] {
  const { items, additionalProperties: each } = schema;
  return [
    ...(schema.properties === undefined ? [] : keysIn(schema, `${path}.`)),
    ...(items === undefined ? [] : keysIn(items, `${path}[].`)),
    ...(typeof each === "object" ? keysIn(each, `${path}.HOST.`) : []),
  ];
}

function merged(key: Key, all: readonly Key[]): Key {
  const texts = new Set(all.filter(({ path }) => path === key.path).map(({ text }) => text));
  return { ...key, text: [...texts].join(" ") };
}

function keyOf({ description = "", const: only, enum: words, items, default: value }: Schema, path: string): Key {
  const choices = words ?? items?.enum;
  const text = [
    only === undefined ? "" : `${only}:`,
    description,
    choices === undefined ? "" : `One of ${choices.join(", ")}.`,
  ];
  const isPlain = value !== undefined && (typeof value !== "object" || Array.isArray(value));
  return { path, text: text.filter(Boolean).join(" "), otherwise: isPlain ? yamlOf(value) : null };
}

function yamlOf(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value).replaceAll('"', "");
}

export const SOUGHT: readonly string[] = [
  "The configuration is the file that --config names, else the one of TOFU3_CONFIG (- is standard input), else",
  "./tofu3.yaml, else $XDG_CONFIG_HOME/tofu3/config.yaml, which is ~/.config/tofu3/config.yaml by default. A file that",
  "is named must exist. Paths in it are absolute, start with ~/, or are relative to the file.",
];

export const CONFIG: Topic = {
  name: "config",
  summary: "where tofu3.yaml is looked for, and its keys",
  lines: () => [
    ...SOUGHT,
    "",
    ...configKeys().flatMap(({ path, text, otherwise }) => [
      `    ${path}${otherwise === null ? "" : ` (${otherwise})`}`,
      ...folded(text, 104).map((line) => `        ${line}`),
    ]),
    "",
    "In parentheses: what holds if the key is not there. Only workers is required. An example with everything:",
    "config/tofu3.example.yaml. The shortest one: tofu3 init, or",
    "",
    ...SHORTEST.trimEnd()
      .split("\n")
      .map((line) => `    ${line}`),
  ],
};
