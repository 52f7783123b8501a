import { messageOf, Tofu3Error } from "../../errors.ts";
import { FINDING_KINDS, type FindingKind } from "../../model/findingkind.ts";

/** Findings that are known: kind, reference and file of each. */
export type Baseline = ReadonlySet<string>;

/** One member of a baseline. */
export function baselineKey(kind: FindingKind, reference: string, file: string): string {
  return JSON.stringify([kind, reference, file]);
}

/**
 * Reads the JSON of an earlier audit: what it found, and what its own baseline had. What a comment suppressed stays for
 * the comment to suppress. Throws E_USAGE.
 */
export function parseBaseline(text: string): Baseline {
  const audit = fields(read(text), "the file");
  if (audit["schemaVersion"] !== 1) refuse(`schemaVersion is not 1`);
  const kept = list(audit["suppressed"], "suppressed")
    .map((each, at) => fields(each, `suppressed[${at}]`))
    .filter((each) => each["by"] === "baseline")
    .map((each) => each["finding"]);
  return new Set([...list(audit["findings"], "findings"), ...kept].flatMap(keysOf));
}

function keysOf(value: unknown, at: number): readonly string[] {
  const finding = fields(value, `finding ${at + 1}`);
  const kind = FINDING_KINDS.find((each) => each === finding["kind"]);
  if (kind === undefined) return refuse(`finding ${at + 1} has no kind that is known`);
  const reference = text(finding["reference"], `the reference of finding ${at + 1}`);
  return list(finding["places"], `the places of finding ${at + 1}`).map((each, place) => {
    const where = `place ${place + 1} of finding ${at + 1}`;
    return baselineKey(kind, reference, text(fields(each, where)["file"], `the file of ${where}`));
  });
}

function read(source: string): unknown {
  try {
    return JSON.parse(source.replace(/^\ufeff/, ""));
  } catch (cause) {
    return refuse(messageOf(cause), cause);
  }
}

function fields(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  return refuse(`${what} is not an object`);
}

function list(value: unknown, what: string): readonly unknown[] {
  return Array.isArray(value) ? value : refuse(`${what} is not a list`);
}

function text(value: unknown, what: string): string {
  return typeof value === "string" ? value : refuse(`${what} is not text`);
}

function refuse(why: string, cause?: unknown): never {
  throw new Tofu3Error("E_USAGE", `not a baseline: ${why}`, { hint: "tofu3 audit --json > FILE writes one", cause });
}
