import { describe, expect, test } from "vitest";
import { jsonOf } from "../../src/report/json.ts";
import { checkTemplate, renderTemplate } from "../../src/report/template.ts";
import { evidence, EVIDENCE, hostile, observation } from "./fixtures.ts";

const agreed = jsonOf(evidence(["here", "sgp", "fra"].map((worker) => observation(worker))));
const disagreed = jsonOf(EVIDENCE["disagreed"]?.() ?? evidence([]));

describe("a template", () => {
  test.each([
    ["{{outcome}}", "agreed\n"],
    ["{{quorum}} {{artifact.size}}\\n", "3/3 2048\n"],
    ["{{#observations}}{{worker}}\\t{{outcome}}\\n{{/observations}}", "fra\tsaw\nhere\tsaw\nsgp\tsaw\n"],
    ["{{#observations}}{{request.platform}} {{/observations}}", "darwin/amd64 darwin/amd64 darwin/amd64 \n"],
    ["{{observations.0.worker}} of {{observations.length}}", "fra of 3\n"],
    [
      "{{request}}",
      '{"reference":"ghcr.io/homebrew/core/vim:9.0.1900","platform":"darwin/amd64","osVersion":null,"bottle":null}\n',
    ],
    ["{{policy.met}} [{{released}}] [{{request.bottle}}]", "true [] []\n"],
    ["{{#released}}yes{{/released}}{{^released}}no{{/released}}", "no\n"],
    ["{{policy.distinct}}{{#policy.distinct}}x{{/policy.distinct}}", "[]\n"],
    ["{{#policy.distinct}}{{.}}{{/policy.distinct}}", "\n"],
  ])("%s", (template, text) => {
    checkTemplate(template);
    expect(renderTemplate(template, agreed)).toBe(text);
  });

  test("what is below a field that is null is empty, as for a disagreement", () => {
    expect(renderTemplate("[{{artifact.digest}}] {{outcome}}", disagreed)).toBe("[] disagreed\n");
  });

  test.each([
    "{{artefact.digest}}",
    "{{artifact.digets}}",
    "{{constructor}}",
    "{{toString.name}}",
    "{{__proto__}}",
    "{{#nope}}{{/nope}}",
    "{{observations.9}}",
  ])("%s is a mistake, and never an empty word", (template) => {
    checkTemplate(template);
    expect(() => renderTemplate(template, agreed)).toThrow(/--format: there is no field "/);
  });

  test.each(["{{outcome", "{{#observations}}", "{{/observations}}", "{{> other}}", "{{#a}}{{> b}}{{/a}}", "{{=x=}}"])(
    "%s is refused before anything is fetched",
    (template) => {
      expect(() => checkTemplate(template)).toThrow(/^--format is no template: /);
    },
  );

  test.each([
    "{{.}}",
    "{{{.}}}",
    "{{&.}}",
    "{{#observations}}{{#objects}}{{{mediaType}}}{{/objects}}{{/observations}}",
    "{{notices}}",
  ])("%s of a hostile report moves no cursor", (template) => {
    expect(renderTemplate(template, jsonOf(hostile()))).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}](?!$)/u);
  });
});
