import type { Config } from "../config/config.ts";
import { Tofu3Error } from "../errors.ts";
import type { Signer } from "../evidence/keys/signer.ts";
import { writeStatements } from "../evidence/statement/write.ts";
import type { Evidence } from "../model/evidence.ts";
import { renderGithub } from "../report/github.ts";
import { renderHtml } from "../report/html/page.ts";
import { onOneLine, renderJson } from "../report/json.ts";
import type { ReportKind } from "../report/kinds.ts";
import { renderMarkdown } from "../report/markdown.ts";
import type { Io } from "./io.ts";
import { writeReports, type Report } from "./reports.ts";
import { signerFor } from "./signing.ts";

/** What `--report` of a verification asks for, known to be writable, and whoever signs it. */
export interface VerdictReports {
  readonly reports: readonly Report<ReportKind>[];
  /** Null unless something is to be signed. */
  readonly signer: Signer | null;
}

type Unsigned = Exclude<ReportKind, "statements">;

const WRITERS: Readonly<Record<Unsigned, (evidence: Evidence, again: string | null) => string>> = {
  json: renderJson,
  markdown: renderMarkdown,
  html: renderHtml,
  github: renderGithub,
};

/**
 * Whoever signs the reports; null where nothing is to be signed. Call before fetching anything: a verification must not
 * end in a question for a passphrase. Throws E_USAGE and E_KEY.
 */
export async function reportSigner(
  reports: VerdictReports["reports"],
  sign: string | null,
  config: Config,
  io: Io,
  signal: AbortSignal,
): Promise<Signer | null> {
  if (!reports.some(({ kind }) => kind === "statements")) {
    if (sign === null) return null;
    throw new Tofu3Error("E_USAGE", "--sign signs statements, and no --report asks for them", {
      hint: "add --report FILE.intoto.jsonl",
    });
  }
  const signer = await signerFor(sign, config, io, signal);
  if (signer !== null) return signer;
  throw new Tofu3Error("E_USAGE", "statements (.intoto.jsonl) are signed, and there is no key", {
    hint: "tofu3 keygen FILE makes one; then --sign FILE, or policy.sign in tofu3.yaml",
  });
}

/** Writes them about one or several verifications. Returns the exit code of a fault that it tells, or 0. */
export async function writeVerdictReports(
  { reports, signer }: VerdictReports,
  seen: readonly Evidence[],
  again: string | null,
  io: Io,
): Promise<number> {
  const statements = signer === null ? "" : await statementsOf(seen, signer, io);
  return writeReports(reports, (kind) => (kind === "statements" ? statements : renderAll(seen, kind, again)), io);
}

/** Several objects of JSON stand on one line each. */
function renderAll(seen: readonly Evidence[], kind: Unsigned, again: string | null): string {
  if (kind === "json" && seen.length > 1) return seen.map((evidence) => onOneLine(renderJson(evidence))).join("");
  return seen.map((evidence) => WRITERS[kind](evidence, again)).join("\n");
}

/** Of a verification that nothing can be said about, nothing: no file of an earlier one may pass for its own. */
async function statementsOf(seen: readonly Evidence[], signer: Signer, { stderr }: Io): Promise<string> {
  const texts: string[] = [];
  for (const evidence of seen) {
    const text = await writeStatements(evidence, signer);
    if (text === null)
      stderr.write("tofu3: warning: nothing is signed: nobody saw anything that a statement could be about\n");
    else texts.push(text);
  }
  return texts.join("");
}
