import { openLocalVantage } from "../../coordinator/alone.ts";
import { Tofu3Error } from "../../errors.ts";
import { isSelective, parseSelection, type ImageJob } from "../../model/job.ts";
import { pinOf } from "../../model/subject.ts";
import type { Digest } from "../../oci/digest.ts";
import { jsonText } from "../../report/json.ts";
import { renderTree } from "../../report/tree.ts";
import { inspect, type Inspected } from "../../worker/walk/inspect.ts";
import { receive, type Received } from "../../worker/walk/raw.ts";
import { paintFor } from "../color.ts";
import { tellError } from "../errors.ts";
import { EXIT_OK, exitOf } from "../exit.ts";
import type { InspectArguments } from "../argv/commands/inspect.ts";
import type { Settings } from "../argv/settings.ts";
import type { Io } from "../io.ts";
import { noteNoVerdict } from "../notes.ts";
import { exchangesOf, openLog } from "../runtime.ts";
import { printFormat } from "../print.ts";
import { selectedOf, treeOf, valueOf } from "../tree.ts";
import { readImage } from "../subject.ts";

/** What this machine sees of one reference: a tree, one JSON object, or the exact bytes. */
export async function inspectCommand(
  wanted: InspectArguments,
  settings: Settings,
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  const subject = readImage(wanted.reference, "inspect", settings, io);
  const selection = parseSelection(wanted);
  const { vantage, limits, close } = await openLocalVantage(
    settings.config,
    { ...io, authfile: settings.authfile, ...(await exchangesOf(settings, await openLog(settings, io))) },
    signal,
  );
  const job: ImageJob = { subject, selection, limits, depth: "documents" };
  const pin = pinOf(subject);
  if (wanted.raw) return printRaw(await receive(vantage, job, signal).finally(close), pin, settings, io);
  const seen = await inspect(vantage, job, () => undefined, signal).finally(close);
  noteNoVerdict(settings, io);
  let printed = EXIT_OK;
  if (wanted.format !== null) printed = printFormat(wanted.format, jsonOf(wanted, seen, vantage.name, io.version), io);
  else if (settings.json) io.stdout.write(jsonText(jsonOf(wanted, seen, vantage.name, io.version)));
  else io.stdout.write(textOf(wanted, seen, settings, io));
  return checkPin(pin, seen.pinned ?? seen.document.digest, io) || printed;
}

/** Prints the root, or the one selected manifest, even if something is wrong with it; the exit code says so. */
function printRaw({ bytes, digest, fault }: Received, pin: Digest | null, settings: Settings, io: Io): number {
  noteNoVerdict(settings, io);
  io.stdout.write(bytes);
  if (fault === null) return checkPin(pin, digest, io);
  const hint = "standard output has what was received, byte for byte: compare it with what another network sees";
  return tellError(io.stderr, new Tofu3Error(fault.code, fault.message, { hint, cause: fault }), false);
}

function textOf(wanted: InspectArguments, seen: Inspected, settings: Settings, io: Io): string {
  const tree = renderTree(treeOf(seen, wanted.reference), paintFor(io.stdout, io.env, settings.color));
  if (!isSelective(wanted) || seen.document.kind !== "index") return tree;
  return `${tree}\nselected: ${selectedOf(seen).length} of ${seen.document.manifests.length} entries; verify looks at all that are selected\n`;
}

function jsonOf(wanted: InspectArguments, seen: Inspected, vantage: string, version: string): unknown {
  const { reference, platform, osVersion, bottle } = wanted;
  const request = { reference, platform, osVersion, bottle };
  return { schemaVersion: 1, tool: { name: "tofu3", version }, request, vantage, artifact: valueOf(seen) };
}

/** `name:tag@sha256:…`: a tag that leads elsewhere deserves more than a line of text. */
function checkPin(pin: Digest | null, found: Digest, io: Io): number {
  if (pin === null || pin === found) return EXIT_OK;
  io.stderr.write(`tofu3: error: the tag leads to ${found}, not to the digest that was asked for\n`);
  return exitOf("changed");
}
