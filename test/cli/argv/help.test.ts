import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parseArgv } from "../../../src/cli/argv/argv.ts";
import { EXITS } from "../../../src/cli/exit.ts";
import { renderHelp, renderShortHelp } from "../../../src/cli/argv/help.ts";
import { GLOBAL_FLAGS } from "../../../src/cli/argv/settings.ts";
import { COMMANDS } from "../../../src/cli/argv/usage.ts";
import { Tofu3Error } from "../../../src/errors.ts";
import { expectGolden } from "../../report/golden.ts";
import { run } from "../../lab/cli.ts";

const TOPICS = [null, "workers", ...COMMANDS.map((command) => command.name)];

test.each(TOPICS)("help of %s is as it was agreed", (topic) => {
  expectGolden(`help-${(topic ?? "tofu3").replace(" ", "-")}.txt`, renderHelp(topic));
});

test.each(TOPICS)("help of %s has two examples and the exit codes, and fits a terminal of 132 columns", (topic) => {
  const text = renderHelp(topic);
  expect(text.match(/^ {4}\$ (tofu3|crane) /gm)?.length).toBeGreaterThanOrEqual(2);
  expect(text).toMatch(/^Exit codes:$/m);
  expect(Math.max(...text.split("\n").map((line) => line.length))).toBeLessThanOrEqual(132);
});

test.each(COMMANDS)("help of tofu3 $name has every flag that it accepts", (command) => {
  const text = renderHelp(command.name);
  for (const flag of [...command.flags, ...GLOBAL_FLAGS]) {
    expect(text).toContain(`--${flag.name}`);
    if (flag.name === "help" || flag.name === "version") continue;
    const samples = { N: "3", "KIND,…": "moved", NAME: "tofu", HEX: "0".repeat(64), SRI: `sha256-${"A".repeat(43)}=` };
    const sample = (samples as Readonly<Record<string, string>>)[flag.value ?? ""] ?? "a.json";
    const positionals = flag.name === command.instead ? [] : command.positionals;
    const value = flag.value === undefined ? [] : [flag.choices?.[0] ?? sample];
    expect(() =>
      parseArgv([
        ...command.name.split(" "),
        ...positionals.map((name) => ({ SHELL: "bash", CLIENT: "podman" })[name] ?? "a"),
        `--${flag.name}`,
        ...value,
        ...(command.trailing === undefined ? [] : ["--", "true"]),
      ]),
    ).not.toThrow();
  }
});

test.each(COMMANDS.flatMap((command) => command.examples.map(([example]) => example)))(
  "the example is accepted: %s",
  (example) => {
    const line = /tofu3 ([^|>)]*)/.exec(example)?.[1] ?? "";
    expect(() => parseArgv(line.trim().split(/\s+/))).not.toThrow(Tofu3Error);
  },
);

test("every row of the table of exit codes is in the help of some command", () => {
  const listed = new Set(COMMANDS.flatMap((command) => command.exits.map((exit) => exit.code)));
  expect(EXITS.map((exit) => exit.code).filter((code) => !listed.has(code))).toEqual([]);
});

test.each(["inspect", "tags", "workers", "workers check", "workers script", "demo"])(
  "help of %s has the exit codes of its own, and none in the words of verify",
  (topic) => {
    const codes = renderHelp(topic).split("Exit codes:\n")[1] ?? "";
    for (const line of codes.split("\n").filter((each) => /^ {4,} *\d/.test(each))) {
      expect(EXITS.map((exit) => exit.meaning).filter((meaning) => line.includes(meaning))).toEqual([]);
      expect(line).not.toMatch(/agreed|released|DEST|every worker was told/);
    }
    const commands = COMMANDS.filter((each) => each.name === topic || each.name.startsWith(`${topic} `));
    const wanted = commands.flatMap((command) => command.exits.map((exit) => exit.code));
    expect([...codes.matchAll(/^ +(\d+) /gm)].map(([, code]) => Number(code))).toEqual(wanted);
  },
);

test("docs/exit-codes.md has the exit codes of every command, in the words of its help", () => {
  const text = readFileSync(join(import.meta.dirname, "../../../docs/exit-codes.md"), "utf8");
  const rows = [...text.matchAll(/^\| *`([a-z ]+)` *\| *(\d+) *\| *(.*?) *\|$/gm)].map(([, name, code, meaning]) => [
    name,
    Number(code),
    meaning,
  ]);
  const others = COMMANDS.filter((command) => command.name !== "verify");
  expect(rows).toEqual(others.flatMap(({ name, exits }) => exits.map(({ code, meaning }) => [name, code, meaning])));
});

test.each([
  ["--help"],
  ["--help=true"],
  ["-h"],
  ["help"],
  ["help verify"],
  ["verify --help"],
  ["verify alpine --json -h"],
  ["--config x verify --help"],
  ["workers --help"],
  ["workers check --help"],
  ["workers script -h"],
  ["inspect --help"],
  ["tags --help"],
  ["demo --tamper --help"],
])("tofu3 %s writes help to stdout, nothing to stderr, and exits with 0", async (line) => {
  const { code, stdout, stderr } = await run(line.split(" "));
  const topic = TOPICS.filter((each) => each !== null && new RegExp(`\\b${each}\\b`).test(line)).sort(
    (a, b) => (b?.length ?? 0) - (a?.length ?? 0),
  )[0];
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: renderHelp(topic ?? null), stderr: "" });
});

test("tofu3 alone writes the usage to stderr and exits with 2", async () => {
  expect(await run([])).toMatchObject({ code: 2, stdout: "", stderr: renderShortHelp() });
});

test.each(["--version", "-V", "verify --version"])("tofu3 %s prints the version of package.json", async (line) => {
  const { code, stdout, stderr } = await run(line.split(" "));
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});
