import { findConfig } from "../../config/load.ts";
import { ledgerPlace } from "../../config/state.ts";
import { quoted } from "../../durable.ts";
import { Tofu3Error, visible } from "../../errors.ts";
import { isAbout } from "../../ledger/chain.ts";
import { readHistory, type History } from "../../ledger/history.ts";
import type { Entry } from "../../model/record.ts";
import { formatSubject, type Subject } from "../../model/subject.ts";
import { historyEntries, renderHistory } from "../../report/history.ts";
import { renderFailure } from "../../report/failure.ts";
import { jsonText } from "../../report/json.ts";
import type { Paint } from "../../report/paint.ts";
import { counted } from "../../report/text.ts";
import { paintFor } from "../color.ts";
import { tellError } from "../errors.ts";
import { EXIT_OK, EXIT_USAGE, exitOf } from "../exit.ts";
import type { HistoryArguments } from "../argv/commands/history.ts";
import type { Settings } from "../argv/settings.ts";
import { widthOf, type Io } from "../io.ts";
import { printFormat } from "../print.ts";
import { readSubject } from "../subject.ts";

/** The entries of the ledger, or whether its chain holds. Returns 10 if it does not. */
export async function historyCommand(wanted: HistoryArguments, settings: Settings, io: Io): Promise<number> {
  const subject = wanted.subject === null ? null : readSubject(wanted.subject, "history", settings, io).subject;
  const place = ledgerPlace(await findConfig(settings.config, io), io);
  const history = await readHistory(place).catch((error: unknown) => {
    if (error instanceof Tofu3Error && error.code === "E_LEDGER") return error;
    throw error;
  });
  if (history instanceof Error) {
    if (settings.json) io.stdout.write(renderFailure(history, io.version));
    tellError(io.stderr, history, false);
    return EXIT_USAGE;
  }
  const entries = history.entries.filter((entry) => subject === null || isAbout(entry.subject, subject));
  const paint = paintFor(io.stdout, io.env, settings.color);
  if (!settings.quiet)
    for (const note of notesOf(history, entries, subject, place.path)) io.stderr.write(`tofu3: note: ${note}\n`);
  let printed = EXIT_OK;
  if (wanted.format !== null)
    printed = printFormat(wanted.format, objectOf(history, entries, place.path, wanted.check), io);
  else if (settings.json) io.stdout.write(jsonText(objectOf(history, entries, place.path, wanted.check)));
  else if (wanted.check) io.stdout.write(renderCheck(history, paint));
  else if (entries.length > 0) io.stdout.write(renderHistory(entries, paint, widthOf(io.stdout)));
  if (history.broken === null) return printed;
  const { line, why } = history.broken;
  if (!wanted.check || settings.json || wanted.format !== null)
    io.stderr.write(`tofu3: error: entry ${line} of the ledger ${quoted(place.path)} does not hold: ${visible(why)}\n`);
  return exitOf("disagreed");
}

function notesOf(
  { exists, torn }: History,
  entries: readonly Entry[],
  subject: Subject | null,
  path: string,
): readonly string[] {
  if (!exists) return [`there is no ledger at ${quoted(path)} yet`];
  const about = subject === null ? "" : ` about ${visible(formatSubject(subject))}`;
  const tail = `the last line, ${torn} bytes, is not whole: another process is writing it, or crashed; the next verification removes it`;
  return [
    ...(entries.length === 0 ? [`the ledger ${quoted(path)} has no entry${about}`] : []),
    ...(torn > 0 ? [tail] : []),
  ];
}

function renderCheck({ last, own, broken }: History, paint: Paint): string {
  const count = last?.entry ?? 0;
  const lines = [
    ...(last === null ? [] : [`last: entry ${last.entry}, ${last.hash}`]),
    `${counted(count, "entry holds", "entries hold")}, ${own} of them written here`,
  ];
  const verdict =
    broken === null
      ? paint.good("the chain holds")
      : paint.bad(`entry ${broken.line} does not hold: ${visible(broken.why)}`);
  return `${[...lines, verdict].join("\n")}\n`;
}

function objectOf(
  { last, own, torn, broken }: History,
  entries: readonly Entry[],
  ledger: string,
  check: boolean,
): unknown {
  const checked = {
    holds: broken === null,
    entries: last?.entry ?? 0,
    own,
    last,
    torn,
    firstBroken: broken && { line: broken.line, why: broken.why },
  };
  return { schemaVersion: 1, ledger, entries: historyEntries(entries), check: check ? checked : null };
}
