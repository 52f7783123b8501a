import { FORMATS } from "../../model/destination.ts";
import { FINDING_KINDS } from "../../model/findingkind.ts";
import { DISTINCT } from "../../model/policy.ts";
import type { Flag } from "../argv/command.ts";
import { SHELLS } from "../argv/commands/completion.ts";
import { CLIENT_NAMES } from "../../serve/clients/clients.ts";

/** Where the values of a placeholder come from. */
export type Source =
  | "files"
  | "folders"
  | "choices"
  | "nothing"
  | "hosts"
  | "references"
  | "repositories"
  | "registries"
  | { readonly files: "none" | "files"; readonly words: readonly string[] };

const PLATFORMS = [
  "linux/amd64",
  "linux/arm64",
  "linux/arm/v7",
  "linux/arm/v6",
  "linux/386",
  "linux/ppc64le",
  "linux/riscv64",
  "linux/s390x",
  "darwin/amd64",
  "darwin/arm64",
  "windows/amd64",
];

/** By the placeholder in the help. */
const SOURCES: Readonly<Record<string, Source>> = {
  FILE: "files",
  "FILE|URL": "files",
  SRI: "nothing",
  HEX: "nothing",
  KEY: "files",
  PATH: "files",
  DIR: "folders",
  DEST: { files: "files", words: FORMATS.map((format) => `${format}:`) },
  REFERENCE: "references",
  SUBJECT: "references",
  REPOSITORY: "repositories",
  "OS/ARCH[/VARIANT][:OSVERSION]": { files: "none", words: PLATFORMS },
  "KIND,…": { files: "none", words: FINDING_KINDS },
  SHELL: { files: "none", words: SHELLS },
  CLIENT: { files: "none", words: CLIENT_NAMES },
  ADDRESS: "nothing",
  HOST: "hosts",
  REGISTRY: "registries",
  NAME: "nothing",
  "NAME=HOST": "nothing",
  "NAME=SHA256:…": "nothing",
  "[NAME=]FILE": "files",
  "NAME=URL": "nothing",
  URL: "nothing",
  "WHAT,…": { files: "none", words: DISTINCT },
  "[KIND:]FILE": "files",
  "COMMAND...": "files",
  N: "nothing",
  PREFIX: "nothing",
  TAG: "nothing",
  TEMPLATE: "nothing",
};

/** What a flag takes of its own. */
const OF_FLAGS: Readonly<Record<string, Source>> = { registry: "registries" };

/** Null for a placeholder that nobody thought about; `nothing` is suggested for it. */
export function plannedSource(placeholder: string): Source | null {
  return SOURCES[placeholder] ?? null;
}

export function sourceOf(placeholder: string, flag: Flag | null): Source {
  if (flag?.choices !== undefined) return "choices";
  return OF_FLAGS[flag?.name ?? ""] ?? plannedSource(placeholder) ?? "nothing";
}
