import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import Ajv from "ajv";
import type { Log } from "sarif";
import { describe, expect, test } from "vitest";
import type { Audit } from "../../../src/model/audit.ts";
import { FINDING_KINDS } from "../../../src/model/findingkind.ts";
import { renderAuditJunit } from "../../../src/report/audit/junit.ts";
import { renderAuditSarif } from "../../../src/report/audit/sarif.ts";
import { findProgram } from "../../lab/install.ts";
import { AUDITS, clean, everyKind, hostile, huge } from "./audits.ts";

const ALL = Object.entries({ ...AUDITS, huge });

describe("SARIF", () => {
  const read = (name: string): object =>
    JSON.parse(readFileSync(createRequire(import.meta.url).resolve(name), "utf8")) as object;
  const ajv = new Ajv({ schemaId: "id", meta: false, allErrors: true });
  ajv.addMetaSchema(read("ajv/lib/refs/json-schema-draft-04.json"));
  // the schema of the specification, as its committee published it
  const validate = ajv.compile(read("@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json"));

  const logOf = (audit: Audit): Log => JSON.parse(renderAuditSarif(audit)) as Log;

  test.each(ALL)("of %s is what the schema of SARIF 2.1.0 allows", (_, make) => {
    validate(logOf(make()));
    expect(validate.errors ?? []).toEqual([]);
  });

  test("the schema refuses what is wrong", () => {
    const [run] = logOf(everyKind()).runs;
    expect(validate({ version: "2.1.0", runs: [{ ...run, results: [{ ruleId: "x" }] }] })).toBe(false);
    expect(validate({ version: "2.1.0", runs: [{ ...run, columnKind: "bytes" }] })).toBe(false);
  });

  test("has a rule with help for each kind, and each result points at its own", () => {
    const [run] = logOf(everyKind()).runs;
    const rules = run?.tool.driver.rules ?? [];
    expect(rules.map(({ id }) => id)).toEqual([...FINDING_KINDS]);
    for (const { help, shortDescription, fullDescription } of rules) {
      for (const text of [help?.text, help?.markdown, shortDescription?.text, fullDescription?.text])
        expect(text).toMatch(/\.$/);
    }
    for (const { ruleId, ruleIndex } of run?.results ?? []) expect(rules[ruleIndex ?? -1]?.id).toBe(ruleId);
  });

  test("has a result for each place, with columns in UTF-16 units and an address below the root", () => {
    const [run] = logOf(everyKind()).runs;
    const places = everyKind().findings.reduce((sum, each) => sum + each.places.length, 0);
    expect(run?.columnKind).toBe("utf16CodeUnits");
    expect(run?.results).toHaveLength(places + 1);
    const uris = new Set(run?.results?.map((each) => each.locations?.[0]?.physicalLocation?.artifactLocation?.uri));
    expect(uris).toContain("deploy/compose%20file%20%231.yaml");
    expect(run?.results?.[0]?.locations?.[0]?.physicalLocation?.region).toEqual({
      startLine: 1,
      startColumn: 6,
      endLine: 1,
      endColumn: 20,
    });
  });

  test("has no address that leads out of the root, and no link or placeholder in a message", () => {
    for (const { message, locations } of logOf(hostile()).runs[0]?.results ?? []) {
      const uri = locations?.[0]?.physicalLocation?.artifactLocation?.uri ?? "";
      expect(new URL(uri, "file:///base/").href).toMatch(/^file:\/\/\/base\//);
      expect(uri).not.toMatch(/[:?#\\ <>"]/);
      expect(message.text).not.toMatch(/(?<!\\)\[a/);
      expect(message.text).toContain("{{0}}");
    }
  });

  test("tells one result from another, and knows it again on another line", () => {
    const prints = (audit: Audit): readonly (string | undefined)[] =>
      logOf(audit).runs[0]?.results?.map((each) => each.partialFingerprints?.["tofu3/v1"]) ?? [];
    const one = everyKind();
    const moved = one.findings.map((each) => {
      return { ...each, places: each.places.map((place) => ({ ...place, line: place.line + 5 })) };
    });
    expect(new Set(prints(one)).size).toBe(prints(one).length);
    expect(prints({ ...one, findings: moved })).toEqual(prints(one));
  });

  test("says what is suppressed, what is not known, what was not read, and the exit code", () => {
    const [run] = logOf(everyKind()).runs;
    const hidden = run?.results?.filter(({ suppressions }) => suppressions !== undefined) ?? [];
    expect(hidden.map(({ suppressions }) => suppressions)).toEqual([
      [{ kind: "inSource", status: "accepted", justification: "only for tests" }],
    ]);
    const open = run?.results?.filter(({ kind }) => kind === "open").map(({ ruleId }) => ruleId) ?? [];
    expect([...new Set(open)]).toEqual(["unresolved", "unreachable"]);
    expect(run?.invocations?.[0]?.exitCode).toBe(20);
    expect(logOf(clean()).runs[0]?.invocations?.[0]?.exitCode).toBe(0);
    expect(run?.invocations?.[0]?.toolExecutionNotifications?.map(({ message }) => message.text)).toEqual([
      "not read: HCL is not read",
    ]);
  });
});

describe("JUnit", () => {
  /** What a parser of XML makes of an expression of XPath; it refuses what is not well-formed. */
  const ask = (xml: string, path: string): string =>
    execFileSync(findProgram("xmllint") ?? "xmllint", ["--nonet", "--xpath", path, "-"], {
      input: xml,
      encoding: "utf8",
      stdio: "pipe",
      maxBuffer: 1e9,
    }).trim();

  test.each(ALL)("of %s is well-formed, and counts what it has", (_, make) => {
    const xml = renderAuditJunit(make());
    for (const [attribute, element] of [
      ["tests", "testcase"],
      ["failures", "failure"],
      ["skipped", "skipped"],
    ] as const)
      expect(ask(xml, `string(/testsuites/testsuite/@${attribute})`)).toBe(ask(xml, `count(//${element})`));
  });

  test("the parser refuses what is not well-formed", () => {
    expect(() => ask(renderAuditJunit(clean()).replace("</testsuites>", ""), "count(//testcase)")).toThrow();
    expect(() => ask("<a>\u0001</a>", "count(//a)")).toThrow();
  });

  test("a reference with a finding fails, one that could not be checked is skipped, and a note is written out", () => {
    const xml = renderAuditJunit(everyKind());
    const inside = (name: string): string => ask(xml, `name(//testcase[starts-with(@name,"docker.io/${name}")]/*)`);
    expect(inside("acme/gone@")).toBe("failure");
    expect(inside("acme/away@")).toBe("skipped");
    expect(inside("acme/stale:")).toBe("system-out");
    expect(inside("acme/said:")).toBe("failure");
    expect(ask(xml, 'string(//testcase[starts-with(@name,"docker.io/acme/gone@")]/failure)')).toContain(
      "Dockerfile:3:6",
    );
    expect(ask(xml, 'name(//testcase[@name="registry.example/app:$TAG"]/*)')).toBe("skipped");
  });

  test("text from outside is text", () => {
    const xml = renderAuditJunit(hostile());
    expect(ask(xml, "count(//script|//img|//b)")).toBe("0");
    expect(ask(xml, "string(//failure)")).toContain("<script>alert(1)</script>");
  });
});
