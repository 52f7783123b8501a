import { openLocalVantage } from "../../coordinator/alone.ts";
import { Tofu3Error, visible } from "../../errors.ts";
import { parseReference } from "../../oci/reference.ts";
import { jsonText } from "../../report/json.ts";
import { readTags } from "../../worker/walk/tags.ts";
import { EXIT_OK } from "../exit.ts";
import type { Settings, TagsArguments } from "../argv/invocation.ts";
import type { Io } from "../io.ts";
import { noteNoVerdict } from "../notes.ts";

/** The tags as this machine sees them, one per line, in the registry's order. */
export async function tagsCommand(
  wanted: TagsArguments,
  settings: Settings,
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  const reference = parseReference(wanted.repository);
  const { registry, repository, tag, digest } = reference;
  if (tag !== undefined || digest !== undefined) {
    throw new Tofu3Error(
      "E_USAGE",
      `a repository has neither tag nor digest: ${JSON.stringify(visible(wanted.repository, 300))}`,
      {
        hint: `tofu3 tags ${registry}/${repository}`,
      },
    );
  }
  const { vantage, limits, close } = await openLocalVantage(
    settings.config,
    { ...io, authfile: settings.authfile },
    signal,
  );
  const tags = await readTags(vantage, reference, limits, signal).finally(close);
  noteNoVerdict(settings, io);
  const tool = { name: "tofu3", version: io.version };
  const text = settings.json
    ? jsonText({ schemaVersion: 1, tool, vantage: vantage.name, registry, repository, tags })
    : tags.map((each) => `${visible(each)}\n`).join("");
  io.stdout.write(text);
  return EXIT_OK;
}
