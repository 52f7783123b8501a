/** File extensions that `--report` supports. */
export const REPORT_KINDS = [".json", ".md"] as const;
export type ReportKind = (typeof REPORT_KINDS)[number];

/** By the extension; null for any other. */
export function reportKind(path: string): ReportKind | null {
  const name = path.toLowerCase();
  return REPORT_KINDS.find((kind) => name.endsWith(kind)) ?? null;
}
