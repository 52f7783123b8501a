import { resolve } from "node:path";
import { findConfig } from "../../config/load.ts";
import { registryName } from "../../config/registryname.ts";
import { defaultServe } from "../../config/serve.ts";
import { storePlace } from "../../config/state.ts";
import { Tofu3Error, visible } from "../../errors.ts";
import { formatNamed } from "../../oci/reference.ts";
import { jsonText } from "../../report/json.ts";
import { clearHold } from "../../serve/store/clear.ts";
import type { NamedHold } from "../../serve/store/holds.ts";
import { EXIT_OK } from "../exit.ts";
import type { ServeClearArguments } from "../argv/commands/serve.ts";
import type { Settings } from "../argv/settings.ts";
import type { Io } from "../io.ts";
import { readImage } from "../subject.ts";

/** Takes a hold away, and says what it was. Throws E_USAGE, with what is on hold, if there is none. */
export async function serveClearCommand(wanted: ServeClearArguments, settings: Settings, io: Io): Promise<number> {
  const subject = readImage(wanted.reference, "serve clear", settings, io);
  if ("tag" in subject && subject.pin !== null)
    throw new Tofu3Error("E_USAGE", "a tag is on hold, or a digest, not both of them together", {
      hint: `tofu3 serve clear ${formatNamed(subject, subject.tag)}`,
    });
  const config = await findConfig(settings.config, io);
  const store = wanted.store === null ? storePlace(config?.serve ?? defaultServe(), io) : resolve(io.cwd, wanted.store);
  const repository = {
    registry: registryName(subject.registry) ?? subject.registry,
    repository: subject.repository,
  };
  const name = "tag" in subject ? subject.tag : subject.digest;
  const reference = formatNamed(repository, name);
  const cleared = await clearHold(store, repository, name);
  if (cleared.kind === "none") throw nothingHeld(reference, store, cleared.held);
  const tool = { name: "tofu3", version: io.version };
  const { hold } = cleared;
  const since = hold === null ? "" : `, on hold since ${hold.since}: ${visible(hold.sentence)}`;
  const said = `${reference} is cleared${since}\n`;
  io.stdout.write(settings.json ? jsonText({ schemaVersion: 1, tool, reference, hold }) : said);
  return EXIT_OK;
}

function nothingHeld(reference: string, store: string, held: readonly NamedHold[]): Tofu3Error {
  const choices = held.map(({ repository, name }) => visible(formatNamed(repository, name)));
  const what = choices.length === 0 ? "nothing is" : "others are";
  return new Tofu3Error("E_USAGE", `${reference} is not on hold in ${JSON.stringify(visible(store))}; ${what}`, {
    choices,
    hint: "name it as the gate does, with its registry; --store names the store of another gate",
  });
}
