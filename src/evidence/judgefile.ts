import { Tofu3Error } from "../errors.ts";
import type { Evidence } from "../model/evidence.ts";
import type { JudgedFile } from "../report/judged.ts";
import { areEnvelopes, openEnvelopes, refused } from "./envelopes.ts";
import type { PublicKey } from "./keys/publickey.ts";
import { readReports, reportOf } from "./read.ts";
import { rejudge } from "./rejudge.ts";
import { contradictionInStatements, gather } from "./signed.ts";
import { doubtOf, type TrustedVms } from "./vouched.ts";

/** Whose word counts; null where everybody's does. */
export interface Trusted {
  /** The keys of coordinators: nothing counts that they did not sign. */
  readonly keys: readonly PublicKey[] | null;
  /** VMs: what a worker on a VM saw counts only if one of them signed it itself. */
  readonly vms: TrustedVms | null;
}

/**
 * Every verification in the text of a file: reports, or signed statements. Without trusted keys, the signatures of
 * statements cannot be checked. Throws E_REPORT, E_KEY and E_EVIDENCE for the file as a whole.
 */
export function judgeText(text: string, name: string, { keys, vms }: Trusted): readonly JudgedFile[] {
  return allIn(text, name, keys).map((file) => {
    if (vms === null || !("evidence" in file.judged)) return file;
    const doubt = doubtOf(file.judged.evidence, vms);
    return doubt === null ? file : { name: file.name, judged: refused(file.name, doubt, UNVOUCHED) };
  });
}

const UNVOUCHED =
  "--trust-vm KEY names the key of a VM, once you know whose it is; without, the coordinator's word counts";

function allIn(text: string, name: string, trusted: readonly PublicKey[] | null): readonly JudgedFile[] {
  if (!areEnvelopes(text)) {
    if (trusted !== null)
      throw refused(
        name,
        "nobody signed it",
        "leave the trusted keys out to judge it as it is; verify … --sign KEY --report FILE.intoto.jsonl signs",
      );
    return readReports(text, name).map(({ name: one, report }) => ({ name: one, judged: judgedOf(report, one) }));
  }
  if (trusted === null)
    throw new Tofu3Error("E_KEY", `${name} is signed, and nothing says whose signatures count`, {
      hint: "--trust KEY.pub, or policy.trust in tofu3.yaml",
    });
  return gather(openEnvelopes(text, name, trusted), name).map((gathered) => {
    const report = reportOf(gathered.report, gathered.name);
    const judged = judgedOf(report, gathered.name);
    if (!("evidence" in judged)) return { name: gathered.name, judged };
    const contradiction = contradictionInStatements(gathered, report) ?? judged.contradiction;
    return { name: gathered.name, judged: { ...judged, contradiction, signedBy: gathered.by.map(({ id }) => id) } };
  });
}

function judgedOf(report: Evidence, name: string): JudgedFile["judged"] {
  const { basis } = report;
  if (basis !== undefined) return rejudge({ ...report, basis });
  return new Tofu3Error("E_REPORT", `${name} does not have what its verdict rests on ("basis")`, {
    hint: "it was written by an older version of tofu3, or shortened; verify again with --report FILE.json",
  });
}
