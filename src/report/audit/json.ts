import type { Audit } from "../../model/audit.ts";
import { jsonText } from "../json.ts";

/** The one object of `audit --json`. */
export function renderAuditJson(audit: Audit): string {
  return jsonText(audit);
}
