import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { renderHelp } from "../../../src/cli/argv/help.ts";
import { renderTopic, TOPICS } from "../../../src/cli/argv/topics.ts";
import { VARIABLES } from "../../../src/cli/argv/topics/environment.ts";
import { explain } from "../../../src/codes/explain.ts";
import { EXITS } from "../../../src/cli/exit.ts";
import { FORMATS } from "../../../src/model/destination.ts";
import { parseReference } from "../../../src/oci/reference.ts";
import { parsePlatform } from "../../../src/oci/platform.ts";
import { subjectOf, formatSubject } from "../../../src/model/subject.ts";
import { run } from "../../lab/cli.ts";

const ROOT = join(import.meta.dirname, "../../..");

test.each([
  ["help", renderHelp(null)],
  ["help verify", renderHelp("verify")],
  ["help workers", renderHelp("workers")],
  ["help workers check", renderHelp("workers check")],
  ["help E_TLS", explain("E_TLS")],
  ["help e-tls", explain("E_TLS")],
])("tofu3 %s", async (line, wanted) => {
  const { code, stdout, stderr } = await run(line.split(" "));
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: wanted, stderr: "" });
});

test.each([
  ["help enviroment", /there is no help for "enviroment"/, /did you mean: tofu3 help environment/],
  ["help verfiy", /there is no help for "verfiy"/, /did you mean: tofu3 help verify/],
  ["help E_TLZ", /there is no help for "E_TLZ"/, /did you mean: tofu3 help E_TLS/],
  ["help qqqqqqqq", /there is no help/, /tofu3 help lists/],
])("tofu3 %s is a mistake", async (line, message, hint) => {
  const { code, stdout, stderr } = await run(line.split(" "));
  expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
  expect(stderr).toMatch(message);
  expect(stderr).toMatch(hint);
});

describe.each(TOPICS)("the topic $name", ({ name }) => {
  test("is named by tofu3 help, and fits 120 columns", () => {
    expect(renderHelp(null)).toContain(name);
    expect(
      Math.max(
        ...renderTopic([name])
          .split("\n")
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(120);
  });

  test("names only pages that exist", () => {
    const pages = renderTopic([name]).match(/\b(?:docs|config)\/[\w.-]+\.(?:md|yaml)\b/g) ?? [];
    expect(pages.filter((page) => !existsSync(join(ROOT, page)))).toEqual([]);
  });
});

test("every variable that the source reads is in the topic environment", () => {
  const sources = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(join(ROOT, "src", file), "utf8"))
    .join("\n");
  const read = [...sources.matchAll(/\benv\["([A-Z_0-9]+)"\]|\b(?:variable|xdgFolder)\(env, "([A-Z_0-9]+)"\)/g)];
  const names = new Set(read.map(([, one, other]) => one ?? other ?? ""));
  expect(names.size).toBeGreaterThan(10);
  const told = VARIABLES.flatMap(([name]) => name.split(", "));
  expect([...names].filter((name) => !told.includes(name))).toEqual([]);
});

test("the topic exit-codes has the whole table", () => {
  for (const { meaning } of EXITS) expect(renderTopic(["exit-codes"])).toContain(meaning);
});

test("the topic config has every key of the example, and where the file is looked for", () => {
  const text = renderTopic(["config"]);
  const example = readFileSync(join(ROOT, "config/tofu3.example.yaml"), "utf8");
  const keys = [...example.matchAll(/^ *(?:# )?(?:- )?([a-z][a-zA-Z]*):(?: |$)/gm)].map(([, key = ""]) => key);
  expect(keys.length).toBeGreaterThan(25);
  expect(keys.filter((key) => !new RegExp(`\\b${key}\\b`).test(text))).toEqual([]);
  for (const place of ["--config FILE", "TOFU3_CONFIG", "./tofu3.yaml", "$XDG_CONFIG_HOME/tofu3/config.yaml"])
    expect(text).toContain(place.replace(" FILE", ""));
});

test("the topic references says what the parsers do", () => {
  const text = renderTopic(["references"]);
  for (const [, short = "", long = ""] of text.matchAll(/^ {4}(alpine\S*) +(docker\.io\S+)$/gm))
    expect(formatSubject(subjectOf(parseReference(short)))).toBe(long);
  for (const platform of ["linux/amd64", "linux/arm/v7", "windows/amd64:10.0.17763"]) {
    expect(text).toContain(platform);
    expect(() => parsePlatform(platform)).not.toThrow();
  }
  for (const format of FORMATS) expect(text).toMatch(new RegExp(`^ {4}${format}:`, "m"));
});
