/** Endings of the files that `--report` can write. */
export const REPORT_KINDS = [".json", ".md"] as const;
export type ReportKind = (typeof REPORT_KINDS)[number];

/** By the ending of the name; null when no report is of that kind. */
export function reportKind(path: string): ReportKind | null {
  const name = path.toLowerCase();
  return REPORT_KINDS.find((kind) => name.endsWith(kind)) ?? null;
}
