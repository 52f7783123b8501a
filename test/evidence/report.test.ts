import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { failure, report, reportSchema } from "../../src/evidence/schema/report.ts";
import { compile, strictly } from "./strictly.ts";
import { Tofu3Error } from "../../src/errors.ts";
import { renderFailure } from "../../src/report/failure.ts";

const ROOT = join(import.meta.dirname, "../..");
const FILE = join(ROOT, "config/tofu3-report.schema.json");
const GOLDEN = join(ROOT, "test/report/golden");

test("config/tofu3-report.schema.json is what the code says (UPDATE=1 writes it again)", () => {
  const wanted = `${JSON.stringify(reportSchema(), null, 2)}\n`;
  if (process.env["UPDATE"] === "1") writeFileSync(FILE, wanted);
  expect(readFileSync(FILE, "utf8")).toBe(wanted);
});

const validate = compile(JSON.parse(readFileSync(FILE, "utf8")) as object);

const REPORTS = readdirSync(GOLDEN)
  .filter((name) => name.endsWith("-report.json") && !name.startsWith("audit-") && !name.startsWith("hostile-"))
  .map((name) => ({ name, value: JSON.parse(readFileSync(join(GOLDEN, name), "utf8")) as Record<string, unknown> }));
const ERROR = new Tofu3Error("E_SELECTION", "nothing matches", { hint: "choose", choices: ["linux/amd64"] });
const FAILURE = JSON.parse(renderFailure(ERROR, "1.2.3")) as Record<string, unknown>;

describe("the schema accepts", () => {
  test.each([...REPORTS, { name: "an error", value: FAILURE }])("$name, by both readings", ({ value }) => {
    expect(validate(value), JSON.stringify(validate.errors)).toBe(true);
    expect((value["outcome"] === null ? failure : report).safeParse(value).error).toBeUndefined();
  });
  test("what a later version may add, whatever it is, and keeps it", () => {
    const [one] = REPORTS;
    const later = { ...one?.value, added: { any: ["thing"] } };
    expect(validate(later)).toBe(true);
    expect(report.parse(later)).toHaveProperty("added", { any: ["thing"] });
  });
  test("enough of them", () => expect(REPORTS.length).toBeGreaterThan(6));
});

describe("the schema refuses", () => {
  const [first] = REPORTS;
  test.each(Object.keys(first?.value ?? {}).filter((key) => !["basis", "signed"].includes(key)))(
    "a report without %s",
    (key) => {
      const rest = Object.entries(first?.value ?? {}).filter(([each]) => each !== key);
      expect(validate(Object.fromEntries(rest))).toBe(false);
    },
  );
  test.each([
    { ...FAILURE, outcome: "agreed" },
    { ...FAILURE, error: { code: "E_SELECTION", message: "x", hint: null } },
    { ...first?.value, schemaVersion: 2 },
    { ...first?.value, outcome: null },
    { ...first?.value, summary: "two\nlines" },
  ])("what is neither a verdict nor an error", (value) => {
    expect(validate(value)).toBe(false);
  });
});

describe("what this version writes", () => {
  const validateStrictly = compile(strictly(reportSchema()));
  test.each([...REPORTS, { name: "an error", value: FAILURE }])(
    "$name has no key that the schema does not name",
    ({ value }) => {
      expect(validateStrictly(value), JSON.stringify(validateStrictly.errors)).toBe(true);
      expect(validateStrictly({ ...value, added: 1 })).toBe(false);
    },
  );
  test.each(REPORTS)("$name has what it rests on", ({ value }) => {
    expect(value).toHaveProperty("basis.past.now");
  });
});
