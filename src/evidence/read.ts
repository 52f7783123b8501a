import { messageOf, Tofu3Error, visible } from "../errors.ts";
import type { Evidence } from "../model/evidence.ts";
import { parseJsonText, type JsonRules } from "../oci/json.ts";
import { report } from "./schema/report.ts";

const RULES: JsonRules = {
  what: "the report",
  code: "E_REPORT",
  freeMaps: new Set(["annotations"]),
  // 10,000 objects, as three workers saw them, have some 500,000
  mostValues: 3_000_000,
};
const VERSION = 1;

export interface NamedReport {
  /** That of the file, or which line of it. */
  readonly name: string;
  readonly report: Evidence;
}

/**
 * The reports in the text of a file: one object, or one a line, as `verify --json` prints them. What this version does
 * not know is kept. Throws E_REPORT; `name` is that of the file, as it is to be told.
 */
export function readReports(text: string, name: string): readonly NamedReport[] {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  const isLines = lines.length > 1 && lines.every((line) => line.startsWith("{") && line.trimEnd().endsWith("}"));
  if (lines.length === 0) throw unreadable(name, "it is empty");
  if (!isLines) return [{ name, report: readReport(text, name) }];
  return lines.map((line, at) => {
    const one = `line ${at + 1} of ${name}`;
    return { name: one, report: readReport(line, one) };
  });
}

function readReport(text: string, name: string): Evidence {
  return reportOf(valueOf(text, name), name);
}

/** A report that was parsed already. Throws E_REPORT. */
export function reportOf(value: unknown, name: string): Evidence {
  const version = fieldOf(value, "schemaVersion");
  if (typeof version === "number" && version > VERSION)
    throw new Tofu3Error(
      "E_REPORT",
      `${name} has the format ${version} of reports, and this version of tofu3 reads up to ${VERSION}`,
      { hint: "judge it with the version of tofu3 that wrote it, or with a later one" },
    );
  if (fieldOf(value, "outcome") === null) {
    const message = fieldOf(fieldOf(value, "error"), "message");
    throw unreadable(name, `it has no verdict, but an error: ${visible(String(message), 300)}`);
  }
  const parsed = report.safeParse(value);
  if (parsed.success) return parsed.data as unknown as Evidence;
  const [issue] = parsed.error.issues;
  const at = issue === undefined || issue.path.length === 0 ? "" : ` at ${visible(issue.path.join("."), 200)}`;
  throw unreadable(name, `it is not as tofu3 writes it${at}: ${visible(issue?.message ?? "", 300)}`);
}

function valueOf(text: string, name: string): unknown {
  try {
    return parseJsonText(text, RULES);
  } catch (error) {
    throw unreadable(name, messageOf(error).replace(/^cannot read the report: /, ""), error);
  }
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null
    ? Object.entries(value).find(([each]) => each === key)?.[1]
    : undefined;
}

function unreadable(name: string, why: string, cause?: unknown): Tofu3Error {
  return new Tofu3Error("E_REPORT", `${name} is not a report of tofu3: ${why}`, {
    hint: "reports are written by tofu3 verify REFERENCE --report FILE.json",
    cause,
  });
}
