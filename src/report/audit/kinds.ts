/** The words of `--format`. */
export const AUDIT_FORMATS = ["table", "json", "github", "sarif", "junit", "markdown", "html"] as const;
export type AuditFormat = (typeof AUDIT_FORMATS)[number];

/** File extensions that `audit --report` supports, and the format of each. */
export const AUDIT_ENDINGS = {
  ".json": "json",
  ".sarif": "sarif",
  ".xml": "junit",
  ".md": "markdown",
  ".html": "html",
} as const satisfies Readonly<Record<string, AuditFormat>>;

/** What can be written into a file. */
export type AuditFileFormat = (typeof AUDIT_ENDINGS)[keyof typeof AUDIT_ENDINGS];

/** By the extension; null for any other. */
export function auditReportKind(path: string): AuditFileFormat | null {
  const name = path.toLowerCase();
  return Object.entries(AUDIT_ENDINGS).find(([ending]) => name.endsWith(ending))?.[1] ?? null;
}
