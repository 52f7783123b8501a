/** The words of `--format`. */
export const AUDIT_FORMATS = ["table", "json", "github", "sarif", "junit", "markdown", "html"] as const;
export type AuditFormat = (typeof AUDIT_FORMATS)[number];

/** What `audit --report` writes, by the word before the path; all but `github` also by the ending of the path. */
export const AUDIT_REPORTS = {
  json: "json",
  sarif: "sarif",
  xml: "junit",
  md: "markdown",
  html: "html",
  github: "github",
} as const satisfies Readonly<Record<string, AuditFormat>>;
