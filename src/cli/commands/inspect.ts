import { Tofu3Error, visible } from "../../errors.ts";
import type { Job } from "../../model/job.ts";
import { parsePlatform } from "../../oci/platform.ts";
import { parseReference } from "../../oci/reference.ts";
import { jsonText } from "../../report/json.ts";
import { renderTree } from "../../report/tree.ts";
import { inspect, type Inspected } from "../../worker/inspect.ts";
import { paintFor } from "../color.ts";
import { EXIT_OK, exitOf } from "../exit.ts";
import type { InspectArguments, Settings } from "../invocation.ts";
import type { Io } from "../io.ts";
import { selectedOf, treeOf, valueOf } from "../tree.ts";
import { localVantage, noteNoVerdict } from "../vantage.ts";
import { noteLatest } from "./verify.ts";

/** What this machine sees of one reference: a tree, one JSON object, or the exact bytes. */
export async function inspectCommand(wanted: InspectArguments, settings: Settings, io: Io, signal: AbortSignal): Promise<number> {
  noteLatest(wanted.reference, settings, io);
  const platform = wanted.platform === null ? null : parsePlatform(wanted.platform);
  const selection = { platform, osVersion: wanted.osVersion, bottle: wanted.bottle };
  const parsed = parseReference(wanted.reference);
  const reference = parsed.tag === undefined && parsed.digest === undefined ? { ...parsed, tag: "latest" } : parsed;
  const { vantage, limits } = await localVantage(settings, io, signal);
  const job: Job = { reference, selection, limits, depth: "documents" };
  const seen = await inspect(vantage, job, () => undefined, signal);
  noteNoVerdict(settings, io);
  if (wanted.raw) io.stdout.write(rawOf(wanted, seen));
  else if (settings.json) io.stdout.write(jsonText(jsonOf(wanted, seen, vantage.name, io.version)));
  else io.stdout.write(textOf(wanted, seen, settings, io));
  return checkPin(reference.tag === undefined ? undefined : reference.digest, seen, io);
}

/** The root, or the one manifest that was selected in it. */
function rawOf(wanted: InspectArguments, seen: Inspected): Uint8Array {
  if (!isSelective(wanted)) return seen.document.bytes;
  const [first, ...others] = selectedOf(seen);
  if (first !== undefined && others.length === 0) return first.document.bytes;
  throw new Tofu3Error("E_SELECTION", `--raw prints one manifest, and ${others.length + 1} were selected`, {
    hint: `tofu3 inspect ${visible(wanted.reference, 300)} lists them; choose one with --os-version or --bottle, or name its digest`,
  });
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

/** `name:tag@sha256:…`: that the tag leads elsewhere is worth more than a line. */
function checkPin(pin: string | undefined, seen: Inspected, io: Io): number {
  const found = seen.pinned ?? seen.document.digest;
  if (pin === undefined || pin === found) return EXIT_OK;
  io.stderr.write(`tofu3: error: the tag leads to ${found}, not to the digest that was asked for\n`);
  return exitOf("changed");
}

function isSelective({ platform, osVersion, bottle }: InspectArguments): boolean {
  return platform !== null || osVersion !== null || bottle !== null;
}
