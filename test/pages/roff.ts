import { EXITS, type Exit } from "../../src/cli/exit.ts";
import type { Command, Flag } from "../../src/cli/argv/command.ts";
import { usageLine } from "../../src/cli/argv/help.ts";
import { GLOBAL_FLAGS } from "../../src/cli/argv/settings.ts";
import { configKeys, SOUGHT } from "../../src/cli/argv/topics/config.ts";
import { VARIABLES } from "../../src/cli/argv/topics/environment.ts";
import { REFERENCES } from "../../src/cli/argv/topics/references.ts";
import { COMMAND_GROUPS, COMMANDS } from "../../src/cli/argv/usage.ts";

/** One page in man(7), by its file name. */
export type Page = readonly [file: string, text: string];

/** Text as roff prints it: nothing in it is a request or an escape, and dashes can be copied. */
function plain(text: string): string {
  return text
    .replaceAll("\\", "\\e")
    .replaceAll("-", "\\-")
    .replaceAll("…", "\\[u2026]")
    .replace(/^([.'])/gm, "\\&$1");
}

function bold(text: string): string {
  return `\\fB${plain(text)}\\fR`;
}

function head(name: string, section: number, says: string): string[] {
  return [`.TH ${name.toUpperCase()} ${section} "" "tofu3" "tofu3"`, ".SH NAME", `${plain(name)} \\- ${plain(says)}`];
}

/** Paragraphs; lines that begin with blanks are printed as they are. */
function prose(lines: readonly string[]): string[] {
  const made: string[] = [];
  let verbatim = false;
  for (const [index, line] of lines.entries()) {
    const indented = line.startsWith("    ");
    if (indented !== verbatim) made.push(indented ? ".PP\n.nf" : ".fi");
    verbatim = indented;
    const isBreak = line === "" && lines[index + 1]?.startsWith("    ") === false && index > 0;
    if (line !== "") made.push(plain(line));
    else if (isBreak) made.push(".PP");
  }
  if (verbatim) made.push(".fi");
  return made.filter((each, index) => each !== ".PP" || !/^\.(?:PP|SH)/.test(made[index + 1] ?? ""));
}

function flag({ short, name, value, choices, text, repeatable }: Flag): string[] {
  const names = [...(short === undefined ? [] : [bold(`-${short}`)]), bold(`--${name}`)].join(", ");
  const given = value === undefined ? "" : ` \\fI${plain(choices?.join("|") ?? value)}\\fR`;
  const more = repeatable === true && !text.includes("repeatable") ? " (repeatable)" : "";
  return [".TP", `${names}${given}`, plain(`${text}${more}`)];
}

function exits(all: readonly Exit[]): string[] {
  return all.flatMap(({ code, outcome, meaning }) => [
    ".TP",
    bold(String(code)),
    plain(outcome === null ? meaning : `${outcome}: ${meaning}`),
  ]);
}

function examples(all: Command["examples"]): string[] {
  return all.flatMap(([command, says]) => [".TP", plain(says), bold(command)]);
}

function commandPage(command: Command): Page {
  const name = `tofu3-${command.name.replaceAll(" ", "-")}`;
  const others = COMMANDS.filter((each) => each !== command && each.name.split(" ")[0] === command.name.split(" ")[0]);
  const related = ["tofu3", ...others.map((each) => `tofu3-${each.name.replaceAll(" ", "-")}`)].sort();
  return [
    `${name}.1`,
    page([
      ...head(name, 1, command.summary),
      ".SH SYNOPSIS",
      bold(usageLine(command)),
      ".SH DESCRIPTION",
      ...prose(command.description),
      ".SH OPTIONS",
      ...[...command.flags, ...GLOBAL_FLAGS].flatMap(flag),
      ".SH EXIT STATUS",
      ...exits(command.exits),
      ".SH EXAMPLES",
      ...examples(command.examples),
      ".SH SEE ALSO",
      seeAlso([...related.map((each) => [each, 1] as const), ["tofu3.yaml", 5]]),
    ]),
  ];
}

function seeAlso(pages: readonly (readonly [name: string, section: number])[]): string {
  return pages.map(([name, section]) => `.BR ${plain(name)} (${section})`).join(" ,\n");
}

function programPage(): Page {
  const groups = COMMAND_GROUPS.flatMap(({ title, commands }) => [
    `.SS ${title}`,
    ...commands.flatMap((command) => [
      ".TP",
      `.BR ${plain(`tofu3-${command.name.replaceAll(" ", "-")}`)} (1)`,
      plain(command.summary),
    ]),
  ]);
  return [
    "tofu3.1",
    page([
      ...head("tofu3", 1, "release an OCI artifact only if three vantage points saw the same bytes"),
      ".SH SYNOPSIS",
      `${bold("tofu3")} \\fICOMMAND\\fR [\\fIflags\\fR]`,
      ".br",
      `${bold("tofu3 help")} [\\fITOPIC\\fR]`,
      ".SH DESCRIPTION",
      "Downloads the same artifact of an OCI registry from three vantage points at the same time, compares the digests",
      "that each of them computed, and releases the artifact only if all of them agree.",
      ".SH COMMANDS",
      ...groups,
      ".SH OPTIONS",
      ...GLOBAL_FLAGS.flatMap(flag),
      ".SH REFERENCES",
      ...prose(REFERENCES.lines()),
      ".SH ENVIRONMENT",
      ...VARIABLES.flatMap(([name, meaning]) => [".TP", bold(name), plain(meaning)]),
      ".SH EXIT STATUS",
      ...exits(EXITS),
      ".SH SEE ALSO",
      seeAlso([...COMMANDS.map(({ name }) => [`tofu3-${name.replaceAll(" ", "-")}`, 1] as const), ["tofu3.yaml", 5]]),
    ]),
  ];
}

function configPage(): Page {
  const keys = configKeys().flatMap(({ path, text, otherwise }) => [
    ".TP",
    `${bold(path)}${otherwise === null ? "" : ` (${plain(otherwise)})`}`,
    plain(text),
  ]);
  return [
    "tofu3.yaml.5",
    page([
      ...head("tofu3.yaml", 5, "which workers look, and what an agreement requires"),
      ".SH DESCRIPTION",
      ...prose(SOUGHT),
      ".SH KEYS",
      "In parentheses: what holds if the key is not there.",
      ...keys,
      ".SH SEE ALSO",
      seeAlso([["tofu3", 1]]),
    ]),
  ];
}

function page(lines: readonly string[]): string {
  return `.\\" made from the source of --help by test/pages/man.test.ts\n${lines.join("\n")}\n`;
}

/** Every page, sorted by file name. */
export function manPages(): readonly Page[] {
  return [programPage(), ...COMMANDS.map(commandPage), configPage()].sort(([one], [other]) => (one < other ? -1 : 1));
}
