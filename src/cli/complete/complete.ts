import { glanceAtConfig } from "../../config/glance.ts";
import { ledgerPlace } from "../../config/state.ts";
import { recentSubjects } from "../../ledger/recent.ts";
import { formatSubject, isFile, type ImageSubject, type Subject } from "../../model/subject.ts";
import { COMMANDS } from "../argv/usage.ts";
import type { Flag } from "../argv/command.ts";
import { topicNames } from "../argv/topics.ts";
import { EXIT_OK } from "../exit.ts";
import type { Io } from "../io.ts";
import { placeOf, type Position } from "./position.ts";
import { sourceOf, type Source } from "./sources.ts";

/** One suggestion, and what it is. */
export type Candidate = readonly [word: string, says: string];

interface Answer {
  /** Whether the shell is to add file names. */
  readonly files: "none" | "files" | "folders";
  readonly candidates: readonly Candidate[];
}

/** How many references are suggested. */
const MOST = 100;

/**
 * A suggestion is typed into a shell by whoever presses TAB. These characters mean nothing to any shell, and no
 * reference, worker or flag has others; what has (in a ledger or a configuration that somebody wrote) is not suggested.
 */
const HARMLESS = /^[A-Za-z0-9-][A-Za-z0-9._:/@+=-]{0,499}$/;

/**
 * `tofu3 __complete WORD...`: what the last word may become, for the scripts of `tofu3 completion`. The first line is
 * `none`, `files` or `folders`; the others are a word, a tab and a description each. Never fails, and writes no error.
 */
export async function complete(words: readonly string[], io: Io): Promise<number> {
  const { files, candidates } = await answer(words, io).catch((): Answer => ({ files: "files", candidates: [] }));
  const current = words.at(-1) ?? "";
  const lines = candidates
    .filter(([word]) => word.startsWith(current) && HARMLESS.test(word))
    .map(([word, says]) => `${word}\t${says.replaceAll(/[\p{C}\s]+/gu, " ")}`);
  io.stdout.write([files, ...lines, ""].join("\n"));
  return EXIT_OK;
}

async function answer(words: readonly string[], io: Io): Promise<Answer> {
  const { position, config } = placeOf(words);
  const source = sourceAt(position);
  if (isCandidates(source)) return { files: "none", candidates: source };
  const { flag, glued } = position.kind === "value" ? position : { flag: null, glued: "" };
  const found = await fromSource(source, flag, { config, current: words.at(-1) ?? "" }, io);
  // a value that begins with a dash would be a flag
  const values = found.candidates.filter(([word]) => !word.startsWith("-"));
  return { ...found, candidates: values.map(([word, says]) => [`${glued}${word}`, says]) };
}

function isCandidates(source: Source | readonly Candidate[]): source is readonly Candidate[] {
  return Array.isArray(source);
}

function sourceAt(position: Position): Source | readonly Candidate[] {
  switch (position.kind) {
    case "command":
      return commandsAfter(position.before);
    case "topic":
      return topicNames();
    case "flag":
      return position.flags.map((flag) => [`--${flag.name}`, flag.text]);
    case "value":
      return sourceOf(position.flag.value ?? "", position.flag);
    case "positional":
      return position.name === null ? [] : sourceOf(position.name, null);
    case "trailing":
      return "files";
  }
}

function commandsAfter(before: readonly string[]): readonly Candidate[] {
  const prefix = before.map((word) => `${word} `).join("");
  const inside = COMMANDS.filter(({ name }) => name.startsWith(prefix));
  const words = new Map<string, string>();
  for (const { name, summary } of inside) {
    const [word = "", ...more] = name.slice(prefix.length).split(" ");
    words.set(
      word,
      more.length === 0
        ? summary
        : inside
            .filter((each) => each.name.startsWith(`${word} `))
            .map((each) => each.name)
            .join(", "),
    );
  }
  return [...words, ...(prefix === "" ? [["help", "what a topic is about"] as const] : [])];
}

async function fromSource(
  source: Source,
  flag: Flag | null,
  { config, current }: { readonly config: string | null; readonly current: string },
  io: Io,
): Promise<Answer> {
  const words = (all: readonly string[], says = ""): Answer => ({
    files: "none",
    candidates: all.map((word) => [word, says]),
  });
  if (typeof source === "object") return { files: source.files, candidates: source.words.map((word) => [word, ""]) };
  switch (source) {
    case "files":
    case "folders":
      return { files: source, candidates: [] };
    case "choices":
      return words(flag?.choices ?? []);
    case "nothing":
      return words([]);
    case "hosts": {
      const [{ readAliases }, { sshFiles }] = await Promise.all([
        import("../../config/ssh/aliases.ts"),
        import("../../config/ssh/include.ts"),
      ]);
      const hosts = (await glanceAtConfig(config, io)).hosts.map(([host, name]) => [host, `worker ${name}`] as const);
      const aliases = (await readAliases(io.home, sshFiles)).map((alias) => [alias, "of ~/.ssh/config"] as const);
      return { files: "none", candidates: [...new Map([...aliases, ...hosts])] };
    }
    case "references":
      return words(
        (await recent(config, io)).map((subject) => named(formatSubject(subject), current)),
        "seen before",
      );
    case "repositories":
      return words(
        [
          ...new Set(
            (await recentImages(config, io)).map(({ registry, repository }) =>
              named(`${registry}/${repository}`, current),
            ),
          ),
        ],
        "seen before",
      );
    case "registries":
      return words([...new Set((await recentImages(config, io)).map(({ registry }) => registry))], "seen before");
  }
}

async function recent(config: string | null, io: Io): Promise<readonly Subject[]> {
  const { ledger } = await glanceAtConfig(config, io);
  return recentSubjects(ledgerPlace({ ledger }, io).path, MOST);
}

async function recentImages(config: string | null, io: Io): Promise<readonly ImageSubject[]> {
  return (await recent(config, io)).flatMap((subject) => (isFile(subject) ? [] : [subject]));
}

/** As people write it, unless they began to write all of it. */
function named(reference: string, current: string): string {
  if (current.startsWith("docker.io/")) return reference;
  return reference.replace(/^docker\.io\/(?:library\/)?/, "");
}
