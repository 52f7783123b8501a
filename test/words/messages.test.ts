import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";

const SRC = join(import.meta.dirname, "../../src");

interface Message {
  readonly at: string;
  readonly code: string;
  /** With `…` for what is filled in. */
  readonly text: string;
  readonly hinted: boolean;
}

/** The text of a literal or a template; of `a ? b : c` both; null for anything else. */
function textsOf(node: ts.Expression): readonly string[] {
  if (ts.isStringLiteralLike(node)) return [node.text];
  if (ts.isTemplateExpression(node))
    return [node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join("")];
  if (ts.isConditionalExpression(node)) return [...textsOf(node.whenTrue), ...textsOf(node.whenFalse)];
  return ts.isParenthesizedExpression(node) ? textsOf(node.expression) : [];
}

function isHinted(details: ts.Expression | undefined): boolean {
  if (details === undefined) return false;
  if (!ts.isObjectLiteralExpression(details)) return true;
  return details.properties.some((each) => each.name !== undefined && each.name.getText() === "hint");
}

function messagesIn(file: string): readonly Message[] {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.Latest, true);
  const found: Message[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && node.expression.getText() === "Tofu3Error") {
      const [code, message, details] = node.arguments ?? [];
      const at = `${relative(SRC, file)}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`;
      for (const text of message === undefined ? [] : textsOf(message))
        found.push({ at, code: code?.getText().replaceAll('"', "") ?? "", text, hinted: isHinted(details) });
      const hint =
        details !== undefined && ts.isObjectLiteralExpression(details)
          ? details.properties.find((each) => ts.isPropertyAssignment(each) && each.name.getText() === "hint")
          : undefined;
      if (hint !== undefined && ts.isPropertyAssignment(hint))
        for (const text of textsOf(hint.initializer)) found.push({ at, code: "hint", text, hinted: true });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

const MESSAGES = readdirSync(SRC, { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".ts"))
  .flatMap((name) => messagesIn(join(SRC, name)));

/** Words that people do not see: *worker* is the word of the configuration, and nothing is anybody's fault. */
const FORBIDDEN =
  /\b(?:vantages?|please|sorry|oops|failed to|unable to|invalid|illegal|fatal|bad|wrong with you)\b|!$/i;

const people = MESSAGES.filter(({ code }) => code !== "E_BUG");

test("the messages are found", () => expect(MESSAGES.length).toBeGreaterThan(200));

describe("every message and hint", () => {
  const breaking = (rule: (message: Message) => boolean): readonly string[] =>
    people.filter((each) => !rule(each)).map(({ at, text }) => `${at}: ${text}`);

  test("begins in lower case, or with what is filled in or quoted", () =>
    expect(breaking(({ text }) => /^(?:[a-z0-9…"'~{[-]|MaxMind|[A-Z_]{2,})/.test(text))).toEqual([]));

  test("has no full stop and no line of its own", () =>
    expect(breaking(({ text }) => !/[.!]$/.test(text) || text.endsWith("..."))).toEqual([]));

  test("has none of the words that nobody should read", () =>
    expect(breaking(({ text }) => !FORBIDDEN.test(text.replaceAll("docs/vantages.md", "")))).toEqual([]));

  test("comes with a hint where it is about a request or a configuration", () => {
    const usage = ["E_USAGE", "E_REFERENCE", "E_PLATFORM", "E_SELECTION", "E_CONFIG", "E_CREDENTIALS"];
    expect(breaking(({ code, hinted }) => hinted || !usage.includes(code))).toEqual([]);
  });
});
