/** Words of `--format`. */
export const AUDIT_FORMATS = ["table", "json", "github", "sarif", "junit", "markdown", "html"] as const;
export type AuditFormat = (typeof AUDIT_FORMATS)[number];

/** Endings of `--report`. */
export const AUDIT_REPORTS = [".json", ".sarif", ".xml", ".md", ".html"] as const;
export type AuditReport = (typeof AUDIT_REPORTS)[number];

/** The kind of report that a file name asks for; null if there is none. */
export function auditReportKind(path: string): AuditReport | null {
  return AUDIT_REPORTS.find((ending) => path.toLowerCase().endsWith(ending)) ?? null;
}
