import { openLocalVantage } from "../../coordinator/alone.ts";
import { Tofu3Error, visible } from "../../errors.ts";
import { jsonText } from "../../report/json.ts";
import { readTags } from "../../worker/walk/tags.ts";
import { EXIT_OK } from "../exit.ts";
import type { TagsArguments } from "../argv/commands/tags.ts";
import type { Settings } from "../argv/settings.ts";
import type { Io } from "../io.ts";
import { noteNoVerdict } from "../notes.ts";
import { exchangesOf, openLog } from "../runtime.ts";
import { printFormat } from "../print.ts";
import { readReference } from "../subject.ts";

/** The tags as this machine sees them, one per line, in the registry's order. */
export async function tagsCommand(
  wanted: TagsArguments,
  settings: Settings,
  io: Io,
  signal: AbortSignal,
): Promise<number> {
  const reference = readReference(wanted.repository, "tags");
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
    { ...io, authfile: settings.authfile, ...(await exchangesOf(settings, await openLog(settings, io))) },
    signal,
  );
  const tags = await readTags(vantage, reference, { limits }, signal).finally(close);
  noteNoVerdict(settings, io);
  const tool = { name: "tofu3", version: io.version };
  const object = { schemaVersion: 1, tool, vantage: vantage.name, registry, repository, tags };
  if (wanted.format !== null) return printFormat(wanted.format, object, io);
  const text = settings.json ? jsonText(object) : tags.map((each) => `${visible(each)}\n`).join("");
  io.stdout.write(text);
  return EXIT_OK;
}
