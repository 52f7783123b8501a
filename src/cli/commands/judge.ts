import { resolve } from "node:path";
import { findConfig } from "../../config/load.ts";
import { STDIN } from "../../config/places.ts";
import { quoted } from "../../durable.ts";
import { asError, Tofu3Error, visible } from "../../errors.ts";
import { judgeText, type Trusted } from "../../evidence/judgefile.ts";
import { readKeyFile } from "../../evidence/keys/keyfile.ts";
import { agrees, together } from "../../evidence/together.ts";
import { authorityOf } from "../../model/authority.ts";
import type { Rejudged } from "../../model/rejudged.ts";
import { jsonText } from "../../report/json.ts";
import { contradictionText, judgedValue, renderJudged, type JudgedFile } from "../../report/judged.ts";
import { allSignedText } from "../../report/signed.ts";
import { readSmallText, type FileKind } from "../../smallfile.ts";
import { readStdinText } from "../../stdin.ts";
import type { JudgeArguments } from "../argv/commands/judge.ts";
import type { Settings } from "../argv/settings.ts";
import { paintFor } from "../color.ts";
import { tellError } from "../errors.ts";
import { EXIT_OK, exitOf, exitOfError, gravestOf } from "../exit.ts";
import { widthOf, type Io } from "../io.ts";
import { printFormat } from "../print.ts";
import { trustedKeys } from "../signing.ts";

const KIND: FileKind = { what: "the report", code: "E_REPORT", limit: 64 * 1024 * 1024 };

/** Judges saved reports again. Returns the gravest code; 10 for one that contradicts itself. */
export async function judgeCommand(wanted: JudgeArguments, settings: Settings, io: Io): Promise<number> {
  const { trust, trustVm } = wanted;
  const config = trust.length > 0 && trustVm.length > 0 ? null : await findConfig(settings.config, io);
  const trusted = {
    keys: await trustedKeys(trust, config?.trust ?? null, io.cwd),
    vms: await trustedVms(wanted, config?.trustVms ?? null, io),
  };
  const files: JudgedFile[] = [];
  for (const file of wanted.files) files.push(...(await judgedIn(file, trusted, io)));
  const reports = files.flatMap(({ judged }) => ("evidence" in judged ? [judged] : []));
  const groups = together(
    reports.filter(({ contradiction }) => contradiction === null).map(({ evidence }) => evidence),
    wanted.days,
  );
  const object = judgedValue(files, groups, io.version);
  let printed = EXIT_OK;
  if (wanted.format !== null) printed = printFormat(wanted.format, object, io);
  else if (settings.json) io.stdout.write(jsonText(object));
  else
    io.stdout.write(
      renderJudged(files, groups, paintFor(io.stdout, io.env, settings.color), { width: widthOf(io.stdout) }),
    );
  for (const { name, judged } of files) tell(name, judged, settings, io);
  const codes = files.map(({ judged }) =>
    "evidence" in judged ? codeOf(judged, wanted.days) : exitOfError(judged.code),
  );
  return gravestOf([printed, ...codes, ...groups.map(({ outcome }) => exitOf(outcome))]);
}

/** Null where no list says which VMs have to sign. Throws E_KEY, and E_USAGE for authorities without such a list. */
async function trustedVms(
  { trustVm, trustCa, days }: JudgeArguments,
  list: readonly string[] | null,
  io: Io,
): Promise<Trusted["vms"]> {
  const keys = await trustedKeys(trustVm, list, io.cwd);
  if (keys !== null) {
    const authorities: string[] = [];
    for (const file of trustCa) authorities.push(authorityOf(await readKeyFile(resolve(io.cwd, file), CA_HINT)));
    return { keys, authorities, ledgerDays: days !== null };
  }
  if (trustCa.length === 0) return null;
  throw new Tofu3Error("E_USAGE", "--trust-ca says what VMs may have been given, and nothing says which VMs", {
    hint: "--trust-vm KEY, or policy.trustVms in tofu3.yaml",
  });
}

const CA_HINT = "name the file that is the registry's caFile in the configuration of whoever ran tofu3";

async function judgedIn(file: string, trusted: Trusted, io: Io): Promise<readonly JudgedFile[]> {
  const name = file === STDIN ? "standard input" : quoted(file);
  try {
    return judgeText(await textOf(file, name, io), name, trusted);
  } catch (error) {
    const reason = asError(error);
    if (reason.code !== "E_REPORT" && reason.code !== "E_EVIDENCE") throw error;
    return [{ name, judged: reason }];
  }
}

async function textOf(file: string, name: string, io: Io): Promise<string> {
  if (file === STDIN) return readStdinText(io.stdin, KIND, "pipe a report in: tofu3 judge - < vim.json");
  const text = await readSmallText(resolve(io.cwd, file), KIND);
  if (text !== null) return text;
  throw new Tofu3Error("E_REPORT", `there is no file ${name}`, {
    hint: "name reports that tofu3 verify REFERENCE --report FILE.json wrote",
  });
}

function tell(name: string, judged: JudgedFile["judged"], settings: Settings, io: Io): void {
  if (!("evidence" in judged)) {
    tellError(io.stderr, judged, false);
    return;
  }
  const contradiction = contradictionText(name, judged);
  if (contradiction !== null) {
    io.stderr.write(`tofu3: error: ${contradiction}\n`);
    io.stderr.write(
      "tofu3: hint: it was changed, or put together from several; ask whoever made it for the original\n",
    );
  }
  if (settings.quiet) return;
  if (judged.signedBy.length > 0) io.stderr.write(`tofu3: note: ${name} is signed by ${judged.signedBy.join(", ")}\n`);
  const vms = allSignedText(judged.evidence.signed ?? []);
  if (vms !== null) io.stderr.write(`tofu3: note: ${name}: ${visible(vms, 2000)}\n`);
  for (const note of judged.unsure) io.stderr.write(`tofu3: note: ${name}: ${note}\n`);
}

/** With --days, the days are counted over all reports instead of in the ledger of each. */
function codeOf({ evidence, contradiction }: Rejudged, days: number | null): number {
  if (contradiction !== null) return exitOf("disagreed");
  return days !== null && agrees(evidence) ? EXIT_OK : exitOf(evidence.outcome);
}
